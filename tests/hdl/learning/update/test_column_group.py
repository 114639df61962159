"""Column groups on Verilator: tiles and folds that end inside groups and with them, and layers of a single column."""

from __future__ import annotations

from remora.hdl.learning.update.column_group import ColumnGroup
from tests.hdl.designs import DESIGNS, cases, make_design
from tests.support import simulate_cases

LEARNS = {"enabled": True}


def test_column_group():
    odd = make_design(
        network={"features": 2, "hidden": 13, "classes": 7},
        cell={"lanes": 5},
        crossbar={"rows": 4, "columns": 4},
        learning=LEARNS | {"columns": 3},
    )
    designs = {
        "odd": odd,
        "single": odd.evolve(learning={"columns": 1}),
        "lane_each": odd.evolve(cell={"lanes": 1}),
        "one_fold": odd.evolve(cell={"lanes": 13}, learning={"columns": 4}),
        "one": DESIGNS["one"].evolve(learning=LEARNS),
        "fewer_columns": DESIGNS["one"].evolve(learning=LEARNS | {"columns": 4}),
        "powers": DESIGNS["powers"].evolve(learning=LEARNS | {"columns": 4}),
        "more_classes": odd.evolve(network={"hidden": 3, "classes": 17}, cell={"lanes": 2}),
    }
    module = "remora.tb.blocks.learning.update.test_column_group"
    assert len(simulate_cases(ColumnGroup, cases(designs), module).tests) == 2
