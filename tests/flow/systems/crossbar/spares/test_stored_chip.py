"""Stored devices of a chip under a map of its spare columns that `remora simulate --spares` gives."""

from __future__ import annotations

import numpy as np
import pytest

from remora.flow.systems.crossbar.simulate import under_spares
from remora.golden.crossbar.weights import random_weights
from remora.golden.devices.chip import Chip
from remora.golden.devices.state import DeviceState
from remora.spec.crossbar.layout import Layer
from remora.spec.crossbar.spares.spare_map import Replacement, SpareMap
from remora.spec.lib.errors import RemoraError
from tests.golden.designs import make_design

DESIGN = make_design(
    network={"features": 3, "hidden": 7, "classes": 4, "max_steps": 3}, cell={"lanes": 1},
    crossbar={"rows": 6, "columns": 4, "spare_columns": 2}, devices={"on_off": 20.0},
)  # fmt: skip
MAP = SpareMap.of(DESIGN, [Replacement(Layer.HIDDEN, 0, 1, 2)])


def test_a_chip_with_an_idle_map_can_be_mended_and_one_in_use_is_refused():
    weights, chip = random_weights(DESIGN, 1), Chip.of(DESIGN)
    held = DeviceState.fresh(chip, (weights.hidden, weights.readout))
    mended = under_spares(DESIGN, held, MAP)
    assert mended.spares == MAP and not held.spares.used and under_spares(DESIGN, held, None) is held
    rows = slice(0, 6)
    own, parked = held.layers[0], held.layers[0].parked
    np.testing.assert_array_equal(mended.layers[0].p[:, rows, 2], parked.p[:, rows, 1])
    np.testing.assert_array_equal(mended.layers[0].parked.p[:, rows, 1], own.p[:, rows, 2])
    assert (mended.layers[0].p != own.p).any() and under_spares(DESIGN, mended, MAP) is mended
    with pytest.raises(RemoraError, match="stand in for others already"):
        under_spares(DESIGN, mended, SpareMap.idle(DESIGN))
