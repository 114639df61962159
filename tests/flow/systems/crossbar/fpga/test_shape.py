"""Memory of the digital crossbar: how large it is, and that every pair lies where its weight says."""

from __future__ import annotations

import numpy as np
import pytest

from remora.flow.systems.crossbar.devices import of_tile
from remora.flow.systems.crossbar.fpga.shape import Shape, tile_shape, words_texts
from remora.golden.crossbar.weights import random_weights
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import all_tiles
from remora.spec.lib.errors import RemoraError
from remora.spec.presets import load_design
from tests.hdl.designs import REFERENCE, TINY


def test_shapes_are_those_that_the_times_afford():
    """Worked out by hand: few cycles make lanes of columns, many make blocks of rows."""
    fpga = load_design("mnist-fpga", DesignPoint)
    assert [tile_shape(fpga, tile) for tile in all_tiles(fpga)] == [Shape(1, 100, 33, 4), Shape(1, 10, 26, 4)]
    assert [tile_shape(TINY, tile) for tile in all_tiles(TINY)][0] == Shape(4, 1, 6, 1)
    slow = TINY.evolve(crossbar={"adc_cycles": 23, "pulse_cycles": 9, "sense_cycles": 4})
    assert tile_shape(slow, all_tiles(slow)[0]) == Shape(1, 4, 2, 3)


@pytest.mark.parametrize(
    "design",
    [TINY, REFERENCE.evolve(crossbar={"adc_cycles": 30, "sense_cycles": 3, "pulse_cycles": 8})],
    ids=["canonical", "reference"],
)
def test_words_hold_every_pair(design):
    """Each pair, taken out of its word by hand, makes the weight."""
    weights, found = random_weights(design, 1), 0
    bits = design.crossbar.top_level.bit_length()
    for name, text in words_texts(design, weights).items():
        (tile,) = (tile for tile in all_tiles(design) if tile.name == name)
        shape, words = tile_shape(design, tile), [int(line, 16) for line in text.splitlines()]
        assert len(words) == shape.words
        held = of_tile(weights, tile)
        for row in range(tile.rows):
            for column in range(tile.columns):
                word = words[column // shape.column_lanes * (shape.words // shape.groups) + row // shape.row_lanes]
                lane = column % shape.column_lanes * shape.row_lanes + row % shape.row_lanes
                pair = word >> 2 * bits * lane & (1 << 2 * bits) - 1
                assert (pair & (1 << bits) - 1) - (pair >> bits) == held[row, column]
                found += 1
    assert found == weights.hidden.size + weights.readout.size and np.any(weights.hidden)


@pytest.mark.parametrize(
    ("crossbar", "message"),
    [
        ({"adc_cycles": 7}, r"crossbar.adc_cycles = 7: .* 8 at least"),
        ({"pulse_cycles": 2}, "crossbar.pulse_cycles = 2"),
    ],
)
def test_too_few_cycles_are_refused(crossbar, message):
    design = TINY.evolve(crossbar=crossbar)
    with pytest.raises(RemoraError, match=message):
        tile_shape(design, all_tiles(design)[0])
