"""What stays awake of a BMRU accelerator, on Verilator."""

from __future__ import annotations

from remora.hdl.bmru.always_on import AlwaysOn
from tests.support import simulate_cases


def test_always_on():
    assert len(simulate_cases(AlwaysOn, {"awake": {}}, "remora.tb.blocks.bmru.test_always_on").tests) == 5
