"""The sequencer on Verilator: the cycle in which everything happens, for every size and latency."""

from __future__ import annotations

import pytest

from remora.hdl.crossbar.sequencer import Sequencer
from tests.hdl.designs import BISTABLE, DESIGNS, MNIST, cases
from tests.support import simulate_cases

RESERVOIR = {"learning": {"enabled": True, "replay_capacity": 3}}
AT_NIGHT = ("tiny", "below", "powers", "above", "mnist", "bistable_tiny", "bistable_primes", "three_tiny")
AT_NIGHT += ("learns_one", "learns_tiny", "replays_one", "replays_tiny", "three_one")
"""What lies between the others."""


@pytest.mark.parametrize("night", [False, pytest.param(True, marks=pytest.mark.nightly)])
def test_sequencer(night):
    learns_of = ("one", "tiny", "primes")
    learns = {f"learns_{name}": DESIGNS[name].evolve(learning={"enabled": True}) for name in learns_of}
    replays = {f"replays_{name}": DESIGNS[name].evolve(**RESERVOIR) for name in learns_of}
    heals = {
        f"heals_{name}": DESIGNS[name].evolve(
            learning={**RESERVOIR["learning"], "healing": True}, system={"contexts": contexts}
        )
        for name, contexts in (("one", 1), ("tiny", 3), ("primes", 1))
    }
    # A lone sequence takes as many cycles with three contexts as with one.
    three = {f"three_{name}": DESIGNS[name].evolve(system={"contexts": 3}) for name in ("one", "tiny", "primes")}
    designs = {**DESIGNS, **three, "mnist": MNIST, **learns, **replays, **heals, **BISTABLE}
    designs = {name: design for name, design in designs.items() if night or name not in AT_NIGHT}
    assert len(simulate_cases(Sequencer, cases(designs), "remora.tb.blocks.crossbar.test_sequencer").tests) == 5
