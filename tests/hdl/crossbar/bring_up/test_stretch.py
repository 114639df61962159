"""The recovery after pulses on Verilator."""

from __future__ import annotations

from remora.hdl.crossbar.bring_up.stretch import Recovery
from tests.support import simulate_cases


def test_recovery():
    module = "remora.tb.blocks.crossbar.bring_up.test_stretch"
    assert len(simulate_cases(Recovery, {"recovery": {}}, module).tests) == 3
