"""The lessons on Verilator: of a design that learns, one that replays besides, and one that heals too."""

from __future__ import annotations

from remora.hdl.crossbar.lessons import Lessons
from tests.hdl.designs import TINY, cases
from tests.support import simulate_cases

LEARNS = {"enabled": True}
REPLAYS = {**LEARNS, "replay_capacity": 3}
DESIGN_POINTS = {
    name: TINY.evolve(learning=learning)
    for name, learning in (("learns", LEARNS), ("replays", REPLAYS), ("heals", {**REPLAYS, "healing": True}))
}


def test_lessons():
    assert (
        len(simulate_cases(Lessons, cases(DESIGN_POINTS), "remora.tb.blocks.crossbar.stages.test_lessons").tests) == 2
    )
