"""The pair decider on Verilator, at widths of sums of every kind."""

from __future__ import annotations

from remora.hdl.crossbar.self_test.decider import PairDecider
from tests.hdl.crossbar.self_test.designs import with_self_test
from tests.hdl.designs import cases
from tests.support import simulate_cases


def test_decider():
    module = "remora.tb.blocks.crossbar.self_test.test_decider"
    designs = with_self_test("one", "coarse", "exact")
    assert len(simulate_cases(PairDecider, cases(designs), module).tests) == 3
