"""The reporter on Verilator: one class, some and many."""

from __future__ import annotations

from remora.hdl.bmru.reporter import Reporter
from tests.golden.bmru.cases import make_bmru
from tests.support import simulate_cases


def test_reporter():
    designs = {"one": make_bmru(1, 1, 1, 1), "odd": make_bmru(1, 1, classes=5), "many": make_bmru(1, 1, classes=16)}
    cases = {name: {"design": design} for name, design in designs.items()}
    assert len(simulate_cases(Reporter, cases, "remora.tb.blocks.bmru.test_reporter").tests) == 2
