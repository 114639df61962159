"""What the devices of tiles hold at the end of a run is compared: weights where they are used, else rest."""

from __future__ import annotations

import numpy as np
import pytest

from remora.flow.systems.crossbar.devices import check_devices, leaves_devices_over, of_macro, of_tile
from remora.flow.systems.crossbar.run import CrossbarCase
from remora.flow.systems.crossbar.stimulus import stress_stimulus
from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.weights import random_weights
from remora.spec.crossbar.layout import all_tiles
from remora.spec.crossbar.spares.spare_map import SpareMap
from remora.tb.lib.scoreboard import Comparison, compare, describe_text
from tests.hdl.designs import TILED, TINY

FIRST, LAST = all_tiles(TILED)[0], all_tiles(TILED)[-1]
WEIGHTS = random_weights(TILED, 1)


def compared(directory) -> Comparison:
    check = check_devices(TILED, WEIGHTS, directory, SpareMap.idle(TILED))
    return compare({check.kind: check.expected}, {check.kind: check.actual})


@pytest.fixture
def left(tmp_path):
    """Files as the models leave them, and a function that changes one value of one: g⁺ or g⁻ of a row and a column."""
    unit = 1 << TILED.crossbar.fraction_bits
    pairs = {}
    for tile in all_tiles(TILED):
        weights = of_macro(tile, of_tile(WEIGHTS, tile)).astype(np.int64) * unit
        pairs[tile] = np.stack([np.maximum(weights, 0), np.maximum(-weights, 0)], axis=-1)

    def write(tile=None, row=0, column=0, side=0, by=0):
        if tile:
            pairs[tile][row, column, side] += by * unit
        for each, values in pairs.items():
            np.savetxt(tmp_path / f"{each.name}.devices", values.reshape(-1, 2), "%d")
        return tmp_path

    return write


def test_all_pairs_are_compared(left):
    found = compared(left())
    assert found.passed and found.compared == {"devices": len(all_tiles(TILED)) * 5 * 6}


@pytest.mark.parametrize(
    ("tile", "row", "column"),
    [(FIRST, 0, 0), (FIRST, FIRST.rows, 0), (LAST, 0, LAST.columns), (LAST, 4, 5), (LAST, LAST.rows - 1, 0)],
)
@pytest.mark.parametrize("side", [0, 1])
def test_a_device_that_moved_is_found(left, tile, row, column, side):
    found = compared(left(tile, row, column, side, by=1))
    assert found.mismatches == {"devices": 1}
    assert f"(tile {all_tiles(TILED).index(tile)}, row {row}, column {column})" in describe_text(found)


def test_a_pair_that_is_left_over_may_not_move_on_both_sides(left):
    left(LAST, 4, 5, 0, by=1)
    assert compared(left(LAST, 4, 5, 1, by=1)).mismatches == {"devices": 1}


@pytest.mark.parametrize("text", [None, "", "0 0\n"])
def test_what_a_model_does_not_tell_is_missing(left, text):
    path = left() / f"{FIRST.name}.devices"
    path.unlink() if text is None else path.write_text(text, encoding="utf-8")
    assert not compared(path.parent).passed


def test_a_run_must_compare_them_where_some_are_left_over(tmp_path):
    for design, wanted in ((TILED, True), (TINY, False)):
        case = CrossbarCase(design, stress_stimulus(design, 2, Coefficients(1, 1), 1))
        asked = any(argument.startswith("+remora_devices=") for argument in case.plusargs(tmp_path))
        assert leaves_devices_over(design) == asked == ("devices" in case.required(stalled=False)) == wanted
