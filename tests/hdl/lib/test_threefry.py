"""Threefry on Verilator: a round a cycle, and pipelines of few lanes and of all, with and without waiting."""

from __future__ import annotations

from amaranth.lib import wiring

from remora.hdl.lib.threefry import Threefry, ThreefryPipeline
from remora.spec.lib.rng import LANE_BITS
from tests.support import simulate_cases


def make(lanes: int = 0, waits: bool = False) -> wiring.Component:
    return ThreefryPipeline(lanes, waits) if lanes else Threefry()


def test_threefry():
    cases = {
        "rounds": {},
        "one_lane": {"lanes": 1},
        "three_lanes": {"lanes": 3},
        "all_lanes": {"lanes": 1 << LANE_BITS},
        "waiting": {"lanes": 5, "waits": True},
    }
    assert len(simulate_cases(make, cases, "remora.tb.blocks.lib.test_threefry").tests) == 3
