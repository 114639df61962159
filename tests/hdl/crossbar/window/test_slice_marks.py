"""The slice marks on Verilator: columns of several slices, of one, and of one row."""

from __future__ import annotations

from remora.hdl.crossbar.window.slice_marks import SliceMarks
from remora.spec.crossbar.layout import WINDOW_ROWS
from tests.hdl.designs import make_design
from tests.support import simulate_cases

LEARNING = {"enabled": True, "compensation": True}
DESIGNS = {
    "slices": make_design(
        network={"features": 7, "hidden": 11, "classes": 4, "max_steps": 2},
        cell={"lanes": 1},
        crossbar={"rows": 17, "columns": 5},
        learning=LEARNING,
    ),
    "tiled": make_design(
        network={"features": 3, "hidden": 7, "classes": 4, "max_steps": 2},
        cell={"lanes": 1},
        crossbar={"rows": 3, "columns": 3},
        learning=LEARNING,
    ),
    "tall": make_design(
        network={"features": 21, "hidden": 13, "classes": 2, "max_steps": 2},
        cell={"lanes": 1},
        crossbar={"rows": 64, "columns": 8},
        learning=LEARNING,
    ),
    "one": make_design(
        network={"features": 1, "hidden": 1, "classes": 1, "max_steps": 1},
        cell={"lanes": 1},
        crossbar={"rows": 1, "columns": 1},
        learning=LEARNING,
    ),
}


def test_slice_marks():
    cases = {
        name: {"design": design, "count": min(WINDOW_ROWS, design.crossbar.rows)} for name, design in DESIGNS.items()
    }
    module = "remora.tb.blocks.crossbar.window.test_slice_marks"
    assert len(simulate_cases(SliceMarks, cases, module).tests) == 2
