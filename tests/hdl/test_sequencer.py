"""The sequencer on Verilator: the cycle in which everything happens, for every size and latency."""

from __future__ import annotations

from hdl.sequencer import Sequencer
from spec.design import with_learning
from tests.hdl.designs import BISTABLE, DESIGNS, MNIST, cases, make_design
from tests.support import simulate_cases

RESERVOIR = {"learning": {"enabled": True, "replay_capacity": 3}}


def test_sequencer():
    learns_of = ("one", "tiny", "primes")
    learns = {f"learns_{name}": with_learning(DESIGNS[name]) for name in learns_of}
    holding = (make_design(**DESIGNS[name].model_dump(exclude={"name", "learning"}), **RESERVOIR) for name in learns_of)
    replays = {f"replays_{name}": design for name, design in zip(learns_of, holding, strict=True)}
    designs = {**DESIGNS, "mnist": MNIST, **learns, **replays, **BISTABLE}
    assert len(simulate_cases(Sequencer, cases(designs), "tb.test_sequencer").tests) == 4
