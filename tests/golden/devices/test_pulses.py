"""What pulses do: to ideal devices what rules P1 and P2 say, and to real ones what their parameters mean."""

from __future__ import annotations

import numpy as np
import pytest

from remora.golden.crossbar.weights import random_weights
from remora.golden.devices.chip import Chip
from remora.golden.devices.pulses import pulse_devices, pulse_weights
from remora.golden.devices.state import DeviceState, conducted
from tests.golden.designs import DESIGNS


def made_layer(design, levels=None):
    chip, weights = Chip.of(design), random_weights(design, 1)
    hidden = weights.hidden if levels is None else np.broadcast_to(levels, weights.hidden.shape)
    state = DeviceState.fresh(chip, (hidden, weights.readout)).layers[0]
    return chip, state, conducted(chip.model, chip.layers[0], state)


@pytest.mark.parametrize("fraction_bits", [0, 1, 11])
@pytest.mark.parametrize("levels", [2, 3, 32])
def test_ideal_devices_follow_the_rules_of_whole_levels(levels, fraction_bits):
    """Rules D22 and D6 beside P1 to P3: weights, applied, dropped and devices, of every weight and count."""
    design = DESIGNS["tiny"].evolve(crossbar={"levels": levels, "fraction_bits": fraction_bits})
    limit, compared = levels - 1, 0
    for start in range(-limit, limit + 1):
        chip, state, conductance = made_layer(design, start)
        before = np.full(conductance[0].size, start)
        due = np.resize([number for number in range(-15, 16) if number], before.size)
        done = pulse_weights(chip.model, chip.layers[0], state, conductance, np.arange(before.size), due)
        after = np.clip(before + due, -limit, limit)
        np.testing.assert_array_equal((conductance[0] - conductance[1]).reshape(-1), after * chip.model.level)
        assert not conductance.min(axis=0).any(), "pairs are canonical"
        change = np.abs(after - before)
        assert (done.applied, done.dropped) == (change.sum(), np.abs(due).sum() - change.sum())
        assert len(done.devices) == np.count_nonzero(change) + np.count_nonzero(before * after < 0)
        compared += before.size
    assert compared >= 3 * 91


def test_a_pulse_begins_the_time_anew():
    """Rule D6."""
    chip, state, _ = made_layer(DESIGNS["tiny"].evolve(devices={"drift": 0.1, "slow_noise": 0.1, "on_off": 10}))
    made = chip.layers[0]
    state.t[...], state.s[...] = 10**9, 77
    devices = np.arange(0, state.t.size, 3)
    seen = pulse_devices(chip.model, made, state, devices, np.arange(len(devices)) % 2 == 0)
    assert not state.t.reshape(-1)[devices].any() and not state.s.reshape(-1)[devices].any()
    assert (state.n.reshape(-1)[devices] == 1).all() and state.n.sum() == len(devices)
    assert (state.t == 10**9).sum() == (state.s == 77).sum() == state.t.size - len(devices)
    np.testing.assert_array_equal(conducted(chip.model, made, state).reshape(-1)[devices], seen)


def test_a_worn_device_stays_and_counts():
    """Rule D6: pulses are counted and applied, and nothing moves."""
    design = DESIGNS["tiny"].evolve(devices={"endurance": 3})
    chip, state, conductance = made_layer(design, 0)
    positions = np.arange(conductance[0].size)
    done = [
        pulse_weights(chip.model, chip.layers[0], state, conductance, positions, 0 * positions + 1) for _ in range(5)
    ]
    assert [each.applied for each in done] == [len(positions)] * 5
    assert (state.p[0] == 3 * chip.model.level).all() and (state.n[0] == 5).all() and not state.n[1].any()


def test_no_order_of_weights_matters():
    """A pulse's outcome is keyed by its device alone."""
    design = DESIGNS["tiny"].evolve(devices={"cycle_noise": 0.5, "write_noise": 0.02, "step_spread": 0.2})
    random = np.random.default_rng(1)
    chip, together, conductance = made_layer(design)
    apart, other = together.p.copy(), conductance.copy()
    count = conductance[0].size
    due = random.integers(-4, 5, count)
    pulse_weights(chip.model, chip.layers[0], together, conductance, np.arange(count), due)
    alone = type(together)(apart, *(np.zeros_like(apart) for _ in range(3)))
    for position in random.permutation(count):
        pulse_weights(chip.model, chip.layers[0], alone, other, np.array([position]), due[position : position + 1])
    for name in "pnts":
        np.testing.assert_array_equal(getattr(alone, name), getattr(together, name))
    np.testing.assert_array_equal(other, conductance)
    assert together.n.sum() > count


def test_steps_follow_the_curve():
    """Rule D6: a step that falls linearly is an exponential approach, as soft bounds are."""
    design = DESIGNS["tiny"].evolve(devices={"raise_steps": [4, 0]})
    chip, state, conductance = made_layer(design, 0)
    made, expected, compared = chip.layers[0], 0.0, 0
    for _ in range(60):
        pulse_devices(chip.model, made, state, np.arange(conductance[0].size), np.ones(conductance[0].size, bool))
        expected += 4 * 2048 * (1 - expected / chip.model.full)
        np.testing.assert_allclose(state.p[0], expected, rtol=2e-3)
        compared += 1
    assert compared == 60 and (state.p[0] < chip.model.full).all()
