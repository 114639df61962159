"""The sequencer on Verilator: the cycle in which everything happens, for every size and latency."""

from __future__ import annotations

from remora.hdl.crossbar.sequencer import Sequencer
from tests.hdl.designs import BISTABLE, DESIGNS, MNIST, cases
from tests.support import simulate_cases

RESERVOIR = {"learning": {"enabled": True, "replay_capacity": 3}}


def test_sequencer():
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
    assert len(simulate_cases(Sequencer, cases(designs), "remora.tb.blocks.crossbar.test_sequencer").tests) == 5
