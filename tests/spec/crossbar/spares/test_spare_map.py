"""Maps of spare columns: what they say of bitlines, and what is refused."""

from __future__ import annotations

import pytest

from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, all_tiles
from remora.spec.crossbar.spares.spare_map import IDLE, Replacement, SpareMap, bitlines_of
from remora.spec.lib.errors import ConfigError
from remora.spec.lib.registers import register_map

DESIGN = DesignPoint(
    name="spared",
    network={"features": 3, "hidden": 7, "classes": 3},
    cell={"lanes": 1},
    crossbar={"rows": 6, "columns": 4, "spare_columns": 2},
)
NAMES = {"SPARE_SELECT", "SPARE_COLUMN", "SPARE_CAPABILITIES"}


def test_spares_come_after_the_columns_of_a_tile():
    tiles = all_tiles(DESIGN)
    assert [(tile.columns, tile.spares, tile.macro_columns) for tile in tiles[:2]] == [(4, 2, 6), (3, 2, 5)]
    wide = all_tiles(DESIGN.evolve(crossbar={"macro_columns": 9}))
    assert {tile.macro_columns for tile in wide} == {9}
    assert {tile.spares for tile in all_tiles(DESIGN.evolve(crossbar={"spare_columns": 0}))} == {0}


def test_a_spare_and_its_column_change_places():
    """Rules Y1 and Y2."""
    first, second = all_tiles(DESIGN)[:2]
    assert bitlines_of(first, (IDLE, IDLE)) == [0, 1, 2, 3, 4, 5] and bitlines_of(first, ()) == [0, 1, 2, 3, 4, 5]
    assert bitlines_of(first, (3, 1)) == [0, 5, 2, 4, 3, 1]
    assert bitlines_of(second, (IDLE, 0)) == [4, 1, 2, 3, 0]


def test_maps_say_what_they_were_made_of():
    wanted = [Replacement(Layer.HIDDEN, 1, 1, 2), Replacement(Layer.READOUT, 0, 0, 1)]
    found = SpareMap.of(DESIGN, wanted)
    assert found.replacements(DESIGN) == wanted and found.used and found == SpareMap.of(DESIGN, reversed(wanted))
    idle = SpareMap.idle(DESIGN)
    assert not idle.used and idle.replacements(DESIGN) == [] and len(idle.columns) == len(all_tiles(DESIGN))


@pytest.mark.parametrize(
    ("replacements", "message"),
    [
        ([(Layer.HIDDEN, 9, 0, 0)], "spare 0 of tile 9 of the hidden layer is not there"),
        ([(Layer.HIDDEN, 0, 2, 0)], "spare 2 of tile 0 .* is not there: crossbar.spare_columns is 2"),
        ([(Layer.READOUT, 0, 0, 3)], "cannot stand in for column 3, which the tile does not have"),
        ([(Layer.HIDDEN, 0, 0, -1)], "cannot stand in for column -1"),
        ([(Layer.HIDDEN, 0, 0, 0), (Layer.HIDDEN, 0, 0, 1)], "is given twice"),
        ([(Layer.HIDDEN, 0, 0, 1), (Layer.HIDDEN, 0, 1, 1)], "is given twice"),
    ],
)
def test_what_is_not_there_is_refused(replacements, message):
    with pytest.raises(ConfigError, match=message):
        SpareMap.of(DESIGN, [Replacement(*each) for each in replacements])


def test_the_registers_are_there_with_the_spares_alone():
    """Rule Y3."""
    without = DESIGN.evolve(crossbar={"spare_columns": 0})
    assert {r.name for r in register_map(DESIGN)} - {r.name for r in register_map(without)} == NAMES
    assert not NAMES & {register.name for register in register_map(without)}
