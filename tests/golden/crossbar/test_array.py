"""Weighted-bit streaming, plane by plane as the analog tile does it, equals the golden product."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from remora.golden.crossbar.array import TiledLayer, exact_dtype, layer_dtype
from remora.golden.crossbar.miru import infer
from remora.golden.crossbar.weights import Weights, random_weights
from remora.spec.crossbar.layout import Layer, bitline_bound, layer_layout
from remora.spec.lib.fixed import round_shift, saturate
from tests.golden.crossbar.test_miru import random_features
from tests.golden.designs import DESIGNS, make_design


def streamed_sum(words, positive, negative, planes: int) -> np.ndarray:
    """Σ_k 2^k Σ_i s_i b_ik (g⁺_ij − g⁻_ij), one bit plane after the other, in integers. Words (n, rows)."""
    signs, magnitudes = np.where(words < 0, -1, 1), np.abs(words)
    total = np.zeros((len(words), positive.shape[1]), np.int64)
    for plane in range(planes):
        lines = signs * ((magnitudes >> plane) & 1)
        total += (lines @ positive - lines @ negative) << plane
    return total


def pairs(levels):
    """A weight as its canonical differential pair: one side at rest."""
    levels = levels.astype(np.int64)
    return np.maximum(levels, 0), np.maximum(-levels, 0)


def test_streaming_equals_the_product_exhaustively():
    """Every word of 3 bits with its sign on two rows, every weight of a three-level device on both. Rule F6."""
    words = np.array(list(product(range(-7, 8), repeat=2)))
    levels = np.array(list(product(range(-2, 3), repeat=2))).T
    np.testing.assert_array_equal(streamed_sum(words, *pairs(levels), planes=3), words @ levels)


@pytest.mark.parametrize("name", ["mnist", "double", "primes", "coarse"])
def test_streaming_gives_the_recorded_codes(name):
    """From the words that inference recorded, tile by tile through bit planes, to the codes that it recorded."""
    design = DESIGNS[name]
    weights = random_weights(design, 11)
    record = infer(design, weights, random_features(design, 5), record=True).record
    for layer, levels, words, codes in (
        (
            Layer.HIDDEN,
            weights.hidden,
            record.words.reshape(-1, design.hidden_rows),
            record.codes.reshape(-1, *record.codes.shape[2:]),
        ),
        (Layer.READOUT, weights.readout, record.readout_words, record.readout_codes),
    ):
        tiles = layer_layout(design, layer).tiles
        assert len(tiles) == (design.hidden_tiles if layer is Layer.HIDDEN else design.readout_tiles)
        for tile in tiles:
            part = levels[tile.row_slice, tile.column_slice]
            sums = streamed_sum(words[:, tile.row_slice].astype(np.int64), *pairs(part), design.formats.stream_bits)
            expected = saturate(round_shift(sums, design.adc_shift), design.formats.adc_limit)
            np.testing.assert_array_equal(codes[:, tile.row_tile, tile.column_slice], expected)


def test_exact_dtype_ends_where_integers_stop_being_exact():
    assert exact_dtype(2**24 - 1) is np.float32 and exact_dtype(2**24) is np.float64
    assert exact_dtype(2**53 - 1) is np.float64
    with pytest.raises(ValueError, match="not exact"):
        exact_dtype(2**53)


def test_precision_follows_the_bound():
    assert bitline_bound(DESIGNS["double"], Layer.HIDDEN) >= 1 << 24
    assert layer_dtype(DESIGNS["double"]) is np.float64
    assert layer_dtype(DESIGNS["mnist"]) is np.float32


def test_the_largest_sum_in_single_precision_is_exact():
    """All rows at full weight and full word, one level below and above: the bound is reached and nothing rounds.

    Rules N1 and X3.
    """
    design = make_design(
        network={"features": 400, "hidden": 1, "classes": 2, "max_steps": 1},
        crossbar={"rows": 1024, "levels": 128, "level_bits": 8},
        formats={"adc_range_log2": 4},
    )
    assert layer_dtype(design) is np.float32
    levels = np.full((design.hidden_rows, 1), design.crossbar.weight_limit, np.int16)
    layer = TiledLayer(design, Layer.HIDDEN, levels, np.float32)
    inputs = np.full((1, 400), design.formats.stream_limit, np.float32)
    sums, work = np.empty((2, 1, 1), np.float32)
    layer.start(layer.row_tiles[0], inputs, sums)
    np.matmul(np.full((1, 1), design.formats.stream_limit, np.float32), layer.row_tiles[0].state_rows, out=work)
    total = (sums + work).astype(np.float64) * 2.0**design.adc_shift
    assert total.item() == bitline_bound(design, Layer.HIDDEN) + 2 ** (design.adc_shift - 1)


def test_writing_the_matrix_changes_every_row_tile(tiny):
    layer = TiledLayer(tiny, Layer.HIDDEN, np.zeros((13, 7), np.int16), np.float32)
    layer.matrix[...] = 1
    seen = sum(
        len(tile.input_rows) * (tile.input_rows == 1).all() + len(tile.state_rows) * (tile.state_rows == 1).all()
        for tile in layer.row_tiles
    )
    assert seen == 12 and [tile.bias for tile in layer.row_tiles] == [False, False, True]


def test_weights_of_zero_give_codes_of_zero(design):
    zero = Weights(
        np.zeros((design.hidden_rows, design.network.hidden), int),
        np.zeros((design.readout_rows, design.network.classes), int),
    )
    result = infer(design, zero, random_features(design, 2), record=True)
    assert not result.record.codes.any() and not result.record.state.any() and not result.scores.any()
