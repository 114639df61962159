"""What time does to devices, and what a fresh chip is."""

from __future__ import annotations

import numpy as np
import pytest

from remora.golden.crossbar.weights import random_weights
from remora.golden.devices.chip import Chip
from remora.golden.devices.state import MOST_TICKS, DeviceState, LayerState, conducted
from tests.golden.designs import DESIGNS

PCM = {"on_off": 100, "drift": [0.1, 0.05], "drift_spread": [0.045, 0.008], "drift_start": 20}
SPANS = (0, 1, 255, 256, 10**3, 10**6, 10**9, 10**12, MOST_TICKS)


def made_state(**devices) -> tuple[Chip, DeviceState]:
    design = DESIGNS["tiny"].evolve(devices=devices)
    weights, chip = random_weights(design, 1), Chip.of(design)
    return chip, DeviceState.fresh(chip, (weights.hidden, weights.readout))


def test_two_ageings_are_one_of_both_spans():
    """Rules D8 to D11: without slow noise the same conductances, whatever the spans."""
    compared = moved = 0
    for first in SPANS:
        for second in SPANS:
            if first + second > MOST_TICKS:
                continue
            chip, twice = made_state(**PCM)
            once, fresh = twice.copy(), twice.conductances(chip)
            twice.age(chip, first)
            twice.age(chip, second)
            once.age(chip, first + second)
            for mine, theirs, before in zip(twice.conductances(chip), once.conductances(chip), fresh, strict=True):
                np.testing.assert_array_equal(mine, theirs)
                compared, moved = compared + mine.size, moved + int((mine != before).sum())
    assert compared > 1000 and moved > compared // 2


def test_drift_is_the_power_law():
    """Rule D9 within its rounding: 2^−8 of the value at most, which is what ν in 2^−12 and 40 doublings allow."""
    chip, state = made_state(on_off=100, drift=0.05, drift_start=20)
    before = state.layers[0].p.astype(float)
    compared = 0
    for ticks in SPANS:
        state.layers[0].t[...] = ticks
        exact = before * (ticks / 256 + 1.0) ** (-205 / 4096)
        found = conducted(chip.model, chip.layers[0], state.layers[0])
        np.testing.assert_allclose(found, exact, rtol=2e-4, atol=1)
        compared += found.size
    assert compared > 500


def test_slow_noise_is_drawn_at_every_ageing():
    """Rule D11: anew and not added up, and its size follows the root of the logarithm of time."""
    chip, state = made_state(on_off=100, slow_noise=0.01, drift_start=1e-6, full_spread=0.0)
    sizes, seen = [], []
    for ticks in (256, 10**6, 10**12):
        state.layers[0].t[...] = 0
        state.age(chip, ticks)
        sizes.append(float(np.std(state.layers[0].s / state.layers[0].p)))
        seen.append(state.layers[0].s.copy())
    expected = [0.01 * np.sqrt(np.log(ticks / 256 + 1)) for ticks in (256, 10**6, 10**12)]
    np.testing.assert_allclose(sizes, expected, rtol=0.2)
    assert all((seen[0] != other).any() for other in seen[1:]) and state.ageings == 3


@pytest.mark.parametrize("ticks", [-1, MOST_TICKS + 1])
def test_an_age_that_is_none_is_refused_and_changes_nothing(ticks):
    chip, state = made_state(**PCM)
    with pytest.raises(ValueError, match="age of .* ticks is none"):
        state.age(chip, ticks)
    assert state.ageings == 0 and not state.layers[0].t.any()


def test_a_copy_shares_nothing():
    chip, state = made_state(slow_noise=0.1)
    other = state.copy()
    other.age(chip, 10**6)
    assert not state.layers[0].t.any() and not state.layers[0].s.any() and state.ageings == 0


def test_fresh_devices_of_an_ideal_chip_show_the_weights():
    """Rules D21 and X1."""
    chip, state = made_state()
    weights = random_weights(DESIGNS["tiny"], 1)
    for levels, conductance in zip((weights.hidden, weights.readout), state.conductances(chip), strict=True):
        np.testing.assert_array_equal((conductance[0] - conductance[1]) // chip.model.level, levels)
        assert not conductance.min(axis=0).any()


def test_levels_of_any_width_make_a_chip():
    """Weights are int16, and 127 levels of 2^11 grains are not."""
    design = DESIGNS["double"]
    chip = Chip.of(design)
    levels = np.full((chip.layers[0].shape[1:]), -127, np.int16)
    assert LayerState.fresh(chip.model, chip.layers[0], levels).p[1].min() == 127 * chip.model.level
