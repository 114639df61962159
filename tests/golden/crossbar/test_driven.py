"""Codes of rows that are driven by hand, against the scalar reading of the arithmetic."""

from __future__ import annotations

import numpy as np
import pytest

from remora.flow.systems.crossbar.soak.random_designs import any_design
from remora.golden.crossbar.driven import Drive, driven_codes
from remora.golden.crossbar.weights import random_weights
from remora.spec.crossbar.layout import Layer, adc_shift, layer_layout
from tests.golden.designs import DESIGNS
from tests.golden.scalar_miru import columns_of, tile_codes


@pytest.mark.parametrize("seed", range(12))
def test_codes_are_those_of_the_words_that_the_planes_add_up_to(seed):
    random, compared = np.random.default_rng(seed), 0
    design = any_design(random)
    weights = random_weights(design, seed)
    for layer in Layer:
        layout, drives, words = layer_layout(design, layer), [], [0] * layer_layout(design, layer).rows
        for _ in range(5):
            tile = layout.tiles[random.integers(len(layout.tiles))]
            part = int(random.integers(len(tile.window_slices)))
            rows, planes = tile.window_slices[part], int(random.integers(1, design.formats.stream_bits + 1))
            values = [int(random.integers(-128, 128)) * bool(random.integers(2)) for _ in range(rows.stop - rows.start)]
            drives.append(Drive(tile, part, values, planes))
            for row, value in enumerate(values, tile.first_row + rows.start):
                words[row] += sum(2**plane for plane in range(planes)) * ((value > 0) - (value < 0))
        found = driven_codes(design, weights, layer, drives)
        assert found.shape == (layout.row_tiles, layout.columns)
        levels = (weights.hidden if layer is Layer.HIDDEN else weights.readout).tolist()
        for column, of_column in enumerate(columns_of(levels)):
            assert found[:, column].tolist() == tile_codes(design, words, of_column, adc_shift(design, layer))
            compared += 1
    assert compared > 1


def test_no_row_at_all_gives_no_code():
    design = DESIGNS["primes"]
    assert not driven_codes(design, random_weights(design, 1), Layer.READOUT, []).any()


@pytest.mark.parametrize(("values", "planes"), [([1], 1), ([1] * 13, 0), ([1] * 13, 9)])
def test_what_no_command_can_ask_for_is_refused(values, planes):
    design = DESIGNS["primes"]
    tile = layer_layout(design, Layer.HIDDEN).tiles[0]
    with pytest.raises(ValueError, match="a drive o"):
        driven_codes(design, random_weights(design, 1), Layer.HIDDEN, [Drive(tile, 0, values, planes)])
    with pytest.raises(ValueError, match="of the layer readout"):
        driven_codes(design, random_weights(design, 1), Layer.READOUT, [Drive(tile, 0, [1] * 13, 1)])
