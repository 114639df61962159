"""The sequencer on Verilator: the cycle in which everything happens, for every size and latency."""

from __future__ import annotations

from hdl.sequencer import Sequencer
from tests.hdl.designs import DESIGNS, MNIST, cases
from tests.support import simulate_cases


def test_sequencer():
    assert len(simulate_cases(Sequencer, cases({**DESIGNS, "mnist": MNIST}), "tb.test_sequencer").tests) == 4
