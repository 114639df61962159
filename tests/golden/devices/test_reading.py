"""Samples of tiles: ideal ones are those of rules X3 and X4, and sums that floating point cannot hold are refused."""

from __future__ import annotations

import numpy as np
import pytest

from remora.golden.crossbar.miru import infer
from remora.golden.crossbar.weights import random_weights
from remora.golden.devices.chip import Chip
from remora.golden.devices.reading import Key, exact_limit, tile_codes, word_table
from remora.golden.devices.state import DeviceState
from remora.spec.crossbar.layout import Layer, adc_shift
from tests.golden.crossbar.test_miru import random_features
from tests.golden.designs import DESIGNS


@pytest.mark.parametrize("name", ["tiny", "primes", "coarse", "signed"])
def test_an_ideal_tile_gives_the_recorded_codes(name):
    """Rules D14 to D18 beside X3 and X4."""
    design = DESIGNS[name]
    weights, chip = random_weights(design, 11), Chip.of(design)
    record = infer(design, weights, random_features(design, 5), record=True).record
    conductances = DeviceState.fresh(chip, (weights.hidden, weights.readout)).conductances(chip)
    compared = 0
    for layer, words, codes in (
        (Layer.HIDDEN, record.words, record.codes), (Layer.READOUT, record.readout_words, record.readout_codes),
    ):  # fmt: skip
        words, codes = words.reshape(-1, words.shape[-1]), codes.reshape(-1, *codes.shape[-2:])
        for tile in chip.layers[layer].tiles:
            found = tile_codes(
                chip.model, chip.layers[layer], tile, conductances[layer][:, tile.row_slice, tile.column_slice],
                words[:, tile.row_slice], Key(0), adc_shift(design, layer), design.formats.adc_limit,
            )  # fmt: skip
            np.testing.assert_array_equal(found, codes[:, tile.row_tile, tile.column_slice])
            compared += found.size
    assert compared > 100


def test_words_are_odd_and_monotonic_without_errors():
    """Rule D15."""
    mu, square = word_table(np.full(8, 256))
    np.testing.assert_array_equal(mu, 256 * np.arange(-255, 256))
    np.testing.assert_array_equal(square, (np.arange(-255, 256) ** 2 + 32) // 64)


def test_sums_beyond_the_significand_are_refused():
    """Rule N1."""
    exact_limit(np.array([[2**26]]), np.array([[2**27 - 1]]))
    with pytest.raises(ValueError, match="not exact"):
        exact_limit(np.array([[2**26]]), np.array([[2**27]]))
