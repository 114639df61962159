"""The sequencer on Verilator: the cycle in which everything happens, for every size and latency."""

from __future__ import annotations

from hdl.sequencer import Sequencer
from spec.design import with_learning
from tests.hdl.designs import BISTABLE, DESIGNS, MNIST, cases
from tests.support import simulate_cases


def test_sequencer():
    learns = {f"learns_{name}": with_learning(DESIGNS[name]) for name in ("one", "tiny", "primes")}
    designs = {**DESIGNS, "mnist": MNIST, **learns, **BISTABLE}
    assert len(simulate_cases(Sequencer, cases(designs), "tb.test_sequencer").tests) == 4
