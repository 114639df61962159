"""The pace timer on Verilator: periods of so few bits that all of them run, and of some more."""

from __future__ import annotations

from remora.hdl.bmru.pace_timer import PaceTimer
from tests.support import simulate_cases

CASES = {"small": {"bits": 6}, "wide": {"bits": 32}}


def test_pace_timer():
    assert len(simulate_cases(PaceTimer, CASES, "remora.tb.blocks.bmru.test_pace_timer").tests) == 3
