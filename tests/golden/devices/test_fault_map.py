"""Fault maps: what they mark, what programming makes of them, and what a weight then is."""

from __future__ import annotations

import numpy as np
import pytest

from remora.golden.crossbar.weights import random_weights
from remora.golden.devices.chip import Chip
from remora.golden.devices.fault_map import check_fault_map, stuck_devices
from remora.golden.devices.state import DeviceState
from tests.golden.designs import DESIGNS

STUCK = DESIGNS["tiny"].evolve(
    learning={"enabled": True, "compensation": True},
    devices={"stuck_rest": 0.1, "stuck_full": 0.1, "corrupt": 0.1, "full_spread": 0.1, "endurance": 9},
)


def test_what_is_stuck_is_marked_and_nothing_else():
    """Rule D23: no device wears out by being made."""
    chip = Chip.of(STUCK)
    for marks, made in zip(stuck_devices(chip), chip.layers, strict=True):
        np.testing.assert_array_equal(marks, made.low == made.high)
        assert 0.2 < marks.mean() < 0.4
    unstuck = Chip.of(STUCK.evolve(devices=dict.fromkeys(("stuck_rest", "stuck_full", "corrupt"))))
    assert not any(marks.any() for marks in stuck_devices(unstuck))


def test_a_partner_makes_the_weight_right_where_its_range_allows():
    """Rule D23: to the grain, or else as near as the partner's bounds are."""
    weights, chip = random_weights(STUCK, 3), Chip.of(STUCK)
    state = DeviceState.of(STUCK, (weights.hidden, weights.readout))
    plain = DeviceState.fresh(chip, (weights.hidden, weights.readout))
    level, compared = chip.model.level, {"exact": 0, "bounded": 0, "both": 0, "none": 0}
    for layer, before, made, levels in zip(
        state.layers, plain.layers, chip.layers, (weights.hidden, weights.readout), strict=True
    ):
        wanted, found = levels.astype(int) * level, layer.p[0] - layer.p[1]
        for row, column in np.ndindex(levels.shape):
            pair = (slice(None), row, column)
            marked = layer.marked[pair]
            if marked.sum() != 1:
                np.testing.assert_array_equal(layer.p[pair], before.p[pair])
                compared["both" if marked.all() else "none"] += 1
                continue
            partner = 1 - int(marked.argmax())
            at_a_bound = layer.p[pair][partner] in (made.low[pair][partner], made.high[pair][partner])
            assert found[row, column] == wanted[row, column] or at_a_bound
            error, former = (abs(p[0] - p[1] - wanted[row, column]) for p in (layer.p[pair], before.p[pair]))
            assert error <= former
            compared["bounded" if error else "exact"] += 1
    assert min(compared.values()) > 3, compared


def test_a_map_of_another_kind_is_refused():
    hidden, readout = stuck_devices(Chip.of(STUCK))
    shapes = hidden.shape[1:], readout.shape[1:]
    check_fault_map((hidden, readout), shapes)
    for wrong in (hidden[:1], hidden.astype(int), readout):
        with pytest.raises(ValueError, match="a fault map is .* expected bool"):
            check_fault_map((wrong, readout), shapes)


def test_no_map_marks_nothing():
    """A chip without a map is programmed as before, and a map stays with the copies of a state."""
    weights = random_weights(STUCK, 3)
    levels = weights.hidden, weights.readout
    plain = STUCK.evolve(learning={"compensation": False})
    assert DeviceState.of(plain, levels).fault_map is None
    state = DeviceState.of(STUCK, levels)
    assert state.copy().fault_map is not None and state.with_map(None).fault_map is None
    np.testing.assert_array_equal(state.with_map(None).layers[0].p, state.layers[0].p)
