"""The macro watch on Verilator."""

from __future__ import annotations

from remora.hdl.crossbar.bring_up.macro_watch import MacroWatch
from tests.support import simulate_cases


def test_macro_watch():
    module = "remora.tb.blocks.crossbar.bring_up.test_macro_watch"
    assert len(simulate_cases(MacroWatch, {"watch": {}}, module).tests) == 4
