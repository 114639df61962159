"""Policies of pairs: what they say of levels, and faults of the one with a reference, which its scalar reading sees."""

from __future__ import annotations

import numpy as np
import pytest

from remora.golden.crossbar.weights import random_weights
from remora.golden.devices.chip import Chip
from remora.golden.devices.pairs import reference
from remora.golden.devices.pairs.policy import Choice, Sense
from remora.golden.devices.pairs.reference import Reference, symmetry_points
from remora.golden.devices.pairs.registry import PAIRS
from remora.golden.devices.pulses import pulse_weights
from remora.golden.devices.state import DeviceState, conducted
from remora.golden.learning.kernel import compiled
from remora.hdl.macros.pairs.registry import PAIRS as OF_HARDWARE
from remora.spec.crossbar.design import Crossbar
from remora.spec.devices.model import DeviceModel
from remora.spec.devices.pairs.registry import PAIRS as OF_LEVELS
from remora.spec.lib.errors import ConfigError
from tests.golden.devices.comparison import compare_life
from tests.golden.devices.test_rules import DESIGN

FIXED = DESIGN.evolve(crossbar={"pair": "reference"}, devices={"raise_steps": [1.5, 0.1], "lower_steps": [0.1, 1.7]})


def test_every_room_has_every_policy():
    names = set(OF_LEVELS)
    assert set(PAIRS) == set(OF_HARDWARE) == names == set(Crossbar.model_fields["pair"].annotation.__args__)
    assert set(compiled.PAIRS) == names and len(compiled.PAIRS) == len(names) > 1


@pytest.mark.parametrize("levels", [3, 4, 31, 32, 128])
@pytest.mark.parametrize("pair", OF_LEVELS)
def test_devices_of_every_weight_are_within_their_levels(pair, levels):
    """Rules X1 and X8; what the weight window gives at most is what the largest weights take."""
    crossbar = Crossbar(levels=levels, pair=pair)
    weights = np.arange(-crossbar.weight_limit, crossbar.weight_limit + 1)
    positive, negative = crossbar.pair_levels(weights)
    np.testing.assert_array_equal(positive - negative, weights)
    assert min(positive.min(), negative.min()) == 0 and max(positive.max(), negative.max()) <= crossbar.top_level
    raised = positive if crossbar.reference_level else positive + negative
    assert raised.max() == crossbar.raise_pulses and set(negative) >= {crossbar.reference_level}


def test_what_would_pulse_a_reference_is_refused():
    with pytest.raises(ConfigError, match="self_test is true, but with crossbar.pair"):
        FIXED.evolve(crossbar={"self_test": True})
    with pytest.raises(ConfigError, match="use at least 3 levels"):
        FIXED.evolve(crossbar={"levels": 2})


def test_pulses_leave_the_reference_alone():
    """Rule P5, of real devices of which many are stuck, many pulses at once and few."""
    chip, weights = Chip.of(FIXED), random_weights(FIXED, 1)
    state = DeviceState.fresh(chip, (weights.hidden, weights.readout)).layers[0]
    conductance = conducted(chip.model, chip.layers[0], state)
    before, applied = state.p[1].copy(), 0
    for count in (conductance[0].size, 3):
        positions = np.arange(count)
        done = pulse_weights(chip.model, chip.layers[0], state, conductance, positions, 5 - 9 * (positions % 2))
        applied += done.applied
    np.testing.assert_array_equal(state.p[1], before)
    assert state.n[0].sum() == applied > 100 and not state.n[1].any()


def test_a_symmetry_point_is_where_steps_are_alike():
    """Rule D24 beside the steps of rule D6 there, of devices whose pulses err in nothing."""
    quiet = dict.fromkeys(("cycle_noise", "cycle_noise_range", "write_noise", "stuck_rest", "stuck_full", "corrupt"), 0)
    chip = Chip.of(FIXED.evolve(devices=quiet))
    model, made = chip.model, chip.layers[0]
    points = symmetry_points(model, made)
    position = (points - made.low[0]) / (made.high[0] - made.low[0]) * 16
    up, down = (
        np.interp(position, range(17), table) * gain
        for table, gain in ((model.raise_steps, made.up[0]), (model.lower_steps, made.down[0]))
    )
    ends = [model.raise_steps[end] * made.up[0] - model.lower_steps[end] * made.down[0] for end in (0, -1)]
    found = (ends[0] > 0) & (ends[1] < 0)
    np.testing.assert_allclose((up / down)[found], 1, atol=0.01)
    assert found.sum() > 50 and points[found].std() > model.level and not found.all()
    # Those whose steps are nowhere alike have the middle of the levels, as far as their bounds let them.
    middle = np.clip(model.rest + model.weight_limit * model.level, made.low[0], made.high[0])
    np.testing.assert_array_equal(points[~found], middle[~found])


def _programmed_beyond(self: Reference, model: DeviceModel, made, levels):
    middle = symmetry_points(model, made)
    return np.stack([middle + levels * model.level, middle])


FAULTS = {
    "P5, the other device": (Reference, "choose", lambda self, raises, sense: Choice(
        ~raises & ~sense.pos_rest, ~raises | sense.pos_full, ~np.zeros_like(raises))),
    "P5, full is ignored": (Reference, "choose", lambda self, raises, sense: Choice(
        ~raises & ~sense.pos_rest, ~raises, np.zeros_like(raises))),
    "P5, flags of the reference": (Reference, "choose", lambda self, raises, sense, former=Reference.choose: former(
        self, raises, Sense(*sense[2:], *sense[:2]))),
    "D12, full at the highest level": (DeviceModel, "sensed_full", property(lambda model: model.full)),
    "D24, always in the middle": (reference, "symmetry_points", lambda model, made: (made.low[0] + made.high[0]) >> 1),
    "D25, beyond the bounds": (Reference, "programmed", _programmed_beyond),
}  # fmt: skip


@pytest.mark.parametrize("fault", [None, *FAULTS])
def test_every_fault_is_seen(monkeypatch, fault):
    def lives() -> int:
        random = np.random.default_rng(4)
        return sum(compare_life(FIXED, random)["values"] for _ in range(2))

    if fault is None:
        assert lives() > 1000
        return
    monkeypatch.setattr(*FAULTS[fault])
    with pytest.raises(AssertionError):
        lives()
