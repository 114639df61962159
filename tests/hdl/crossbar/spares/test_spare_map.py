"""The map of the spare columns on Verilator: tiles of several widths and heights, from one spare to four."""

from __future__ import annotations

from remora.hdl.crossbar.spares.spare_map import SpareMap
from tests.hdl.designs import ONE, POWERS, TILED, cases, make_design
from tests.support import simulate_cases

DESIGNS = {
    "odd": make_design(  # tiles of three columns and of two
        network={"features": 1, "hidden": 5, "classes": 2},
        cell={"lanes": 1},
        crossbar={"rows": 6, "columns": 3, "spare_columns": 3},
    ),
    "one": ONE.evolve(crossbar={"spare_columns": 1}),
    "tiled": TILED.evolve(crossbar={"spare_columns": 2, "macro_columns": 0}),
    "powers": POWERS.evolve(crossbar={"spare_columns": 4}),
}


def test_spare_map():
    module = "remora.tb.blocks.crossbar.spares.test_spare_map"
    assert len(simulate_cases(SpareMap, cases(DESIGNS), module).tests) == 3
