"""The weight window on chips of real devices beside the independent reading, and its count of probes."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from remora.golden.crossbar.device_window import DeviceWindow
from remora.golden.crossbar.weights import random_weights
from remora.golden.devices.chip import Chip
from remora.golden.devices.state import DeviceState
from remora.spec.crossbar.layout import Layer, adc_shift, all_tiles
from tests.golden import scalar_devices as scalar
from tests.golden.any_design import any_design
from tests.golden.any_devices import with_devices

SEED = int(os.environ.get("COCOTB_RANDOM_SEED", "1"))
CHIPS = 60
WORD = 2**32


def any_window(random: np.random.Generator, **changes) -> DeviceWindow:
    """Of a chip that is aged and about to begin its probes anew."""
    design = any_design(random)
    design = with_devices(
        design.evolve(crossbar={"fraction_bits": min(12, design.crossbar.fraction_bits)}, **changes), random
    )
    chip, weights = Chip.of(design), random_weights(design, int(random.integers(1000)))
    state = DeviceState.fresh(chip, (weights.hidden, weights.readout))
    state.age(chip, 10**6)
    return DeviceWindow(design, replace(state, probes=(WORD - 3, 7)))


def scalar_read(window: DeviceWindow, tile, column: int, row: int, probe: int) -> int:
    """Rule W1 of one row, with rules D13 to D18."""
    design, model, made = window.design, window.chip.model, window.chip.layers[tile.layer]
    bitlines = window.state.conductances(window.chip)[tile.layer][:, tile.row_slice, tile.column_slice]
    rows = [[int(g) for pair in row for g in pair] for row in bitlines.transpose(1, 2, 0)]
    positive, negative = scalar.behind_wires(model, rows)[row][2 * column : 2 * column + 2]
    s, errors = adc_shift(design, tile.layer), (made.planes[tile.row_tile] - 256).tolist()
    p = min(len(errors) - 1, s)
    mu = sum(2**p * (256 + errors[p]) for _ in range(2 ** (s - p)))
    power = scalar.rs(mu * mu, 22) * scalar.rs(model.read_noise**2 * (positive**2 + negative**2), 30)
    in_layer = tile.first_column + column
    z = scalar.noise_entry(model, tile.layer, tile.row_tile, in_layer, probe % WORD, 0, scalar.PROBE)
    total = scalar.rs(mu * (positive - negative), 8) + scalar.root(power + model.converter_noise[tile.layer]) * z
    shift = s + design.crossbar.fraction_bits
    gain, offset = (int(each[tile.row_tile, in_layer]) for each in (made.gain, made.offset))
    value = (total * (4096 + gain) // 4096) + offset * 2**shift // 16
    return scalar.clip(scalar.rs(value, shift), -design.formats.adc_limit, design.formats.adc_limit)


def test_reads_as_the_scalar_reading_does():
    """Rules W1 and D17: every tile, slices of it, and the probes that they count."""
    random, seen = np.random.default_rng(SEED), Counter()
    for _ in range(CHIPS):
        window = any_window(random)
        for tile in all_tiles(window.design):
            column, part = int(random.integers(tile.columns)), int(random.integers(len(tile.window_slices)))
            rows, before = tile.window_slices[part], window.state.probes[tile.layer]
            found = window.read_slice(tile, column, part).tolist()
            expected = [
                scalar_read(window, tile, column, row, before + index)
                for index, row in enumerate(range(rows.start, rows.stop))
            ]
            assert found == expected
            assert window.state.probes[tile.layer] == (before + len(expected)) % WORD
            seen += Counter(codes=len(found), wires=window.chip.model.wired, beyond=tile.first_row > 0)
            seen += Counter(wrapped=before + len(expected) >= WORD, noisy=window.chip.model.reads_noisily)
    assert seen["codes"] > 500 and min(seen[each] for each in ("wires", "beyond", "wrapped", "noisy")) > 10, seen


def test_all_weights_are_its_slices_in_order():
    """Rule W1: their bytes, and as many probes of each layer."""
    random, compared = np.random.default_rng(SEED + 1), 0
    for _ in range(10):
        window = any_window(random)
        alone = DeviceWindow(window.design, window.state.copy())
        whole = window.read_weights()
        for tile in all_tiles(window.design):
            of_layer = (whole.hidden, whole.readout)[tile.layer]
            for column in range(tile.columns):
                for part, rows in enumerate(tile.window_slices):
                    codes = alone.read_slice(tile, column, part)
                    found = of_layer[tile.row_slice, tile.first_column + column][rows]
                    np.testing.assert_array_equal(found, (codes + 128) % 256 - 128)
                    compared += len(codes)
        assert window.state.probes == alone.state.probes != (WORD - 3, 7)
    assert compared > 200


@pytest.mark.parametrize("layer", Layer)
def test_probes_of_one_layer_are_not_those_of_the_other(layer):
    state = any_window(np.random.default_rng(SEED)).state
    before = state.probes
    state.count_probes(layer, 5)
    assert state.probes[layer] == (before[layer] + 5) % WORD and state.probes[1 - layer] == before[1 - layer]
