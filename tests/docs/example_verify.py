"""What the examples of verified learning call: one weight whose pulses golden verifies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from remora.golden.crossbar.array import TiledLayer
from remora.golden.crossbar.device_layer import DeviceLayer
from remora.golden.devices.chip import Chip
from remora.golden.devices.state import DeviceState
from remora.golden.learning.pulses import make_writer
from remora.spec.crossbar.layout import Layer
from tests.docs.example_points import point, weights_of


class _Verified(str):
    def __repr__(self) -> str:
        return str(self)


def verified(
    fields: Mapping[str, Any], chi: int, weight: int, reads: int, feedback: int = 8, give_up: int = 1
) -> _Verified:
    """χ and weight of hidden row 0, in levels, after an update by nothing; what was pulsed, given up and read."""
    design = point(**fields, learning_reads=reads, verify_feedback=feedback, verify_give_up=give_up)
    weights = weights_of(design)
    weights.hidden[0, 0] = weight
    values = np.zeros(weights.hidden.shape)
    values[0, 0] = chi
    state, layer = None, TiledLayer(design, Layer.HIDDEN, weights.hidden, np.float64)
    if not design.devices.ideal:
        made = Chip.of(design)
        state = DeviceState.fresh(made, (weights.hidden, weights.readout))
        layer = DeviceLayer(design, Layer.HIDDEN, made, state.layers[0])
    writer = make_writer(design, layer, Layer.HIDDEN, weights.hidden, values, np.float64, state)
    writer.configure(weights.hidden.shape[1], 1)
    writer.gradient[...] = 0
    writes = writer.commit(None, 1)
    levels = float(writer.levels[0, 0])
    if state is not None:
        g = state.conductances(made)[0][:, 0, 0]
        levels = (g[0] - g[1]) / made.model.level
    probes = state.probes[0] if state is not None else 0
    left = int(writer.rule.values[0, 0])
    counts = f"applied {writes.applied}, given up {writes.given_up}, probes {probes}"
    return _Verified(f"chi {left}, weight {levels:.1f}, {counts}")
