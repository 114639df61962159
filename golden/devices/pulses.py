"""Programming pulses of real devices: what one pulse does, and which devices a layer's due pulses reach.

Rules D6, D22 and P4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remora.golden.devices.chip import ChipLayer
from remora.golden.devices.curves import Integers, normals, value_at
from remora.golden.devices.few_pulses import pulse_few
from remora.golden.devices.pairs.registry import PAIRS
from remora.golden.devices.state import MOST_PULSES, LayerState, sense_pairs, shown
from remora.spec.devices.model import GAIN_BITS, DeviceModel
from remora.spec.lib.fixed import round_shift
from remora.spec.lib.rng import Purpose, draw_pairs

FEW = 6
"""Weights that are pulsed sooner one by one than together."""


@dataclass(frozen=True)
class Pulsed:
    """What the due pulses of a layer did.

    Attributes:
        applied: pulses that a device took, whether it moved or not.
        dropped: pulses that found the devices of their pair at rest and full.
        devices: flat indices of the devices that were pulsed, rising, each once.
    """

    applied: int
    dropped: int
    devices: NDArray[np.intp]


def moved(
    model: DeviceModel, index: NDArray[np.uint32], numbers: Integers, p: Integers, n: Integers, upwards: NDArray
) -> Integers:
    """p of devices after one pulse. Rule D6.

    Args:
        index: (k,) numbers of the devices.
        numbers: (6, k), their `remora.golden.devices.chip.NUMBERS`.
        p, n: (k,) before the pulse.
        upwards: (k,) bool, the direction.
    """
    low, high, up, down, _, endurance = numbers
    raised = value_at(model.raise_steps, p, low, high) * up
    lowered = value_at(model.lower_steps, p, low, high) * down
    step = round_shift(np.where(upwards, raised, lowered), GAIN_BITS)
    if model.cycle_noise or model.cycle_range:
        words = draw_pairs(model.seed, Purpose.PULSE, n, index)
        amplitudes = np.empty(words.shape, np.int64)
        amplitudes[0], amplitudes[1] = round_shift(step * model.cycle_noise, GAIN_BITS), model.cycle_range
        first, second = normals(words, amplitudes)
        step += first
        step += second
    after = np.minimum(high, np.maximum(low, np.where(upwards, p + step, p - step)))
    return np.where(n < endurance, after, p)


def pulse_devices(
    model: DeviceModel, made: ChipLayer, layer: LayerState, devices: NDArray[np.intp], upwards: NDArray
) -> Integers:
    """Pulse different devices of a layer once each; what they conduct then, (k,). Rules D6, D7 and D10.

    Args:
        layer: changed in place.
        devices: (k,) flat indices into (2, rows, columns).
        upwards: (k,) bool.
    """
    index = made.index.reshape(-1)[devices]
    p, n = layer.p.reshape(-1), layer.n.reshape(-1)
    after = moved(model, index, made.by_device[devices].T, p[devices], n[devices], upwards)
    count = np.minimum(MOST_PULSES, n[devices] + 1)
    p[devices], n[devices] = after, count
    layer.t.reshape(-1)[devices] = 0
    layer.s.reshape(-1)[devices] = 0
    return shown(model, index, after, count)  # as it is: no time has passed since the pulse


def pulse_weights(
    model: DeviceModel,
    made: ChipLayer,
    layer: LayerState,
    conductance: Integers,
    weights: NDArray[np.intp],
    pulses: NDArray[np.int64],
) -> Pulsed:
    """Give weights the pulses that are due to them, the pulses of one weight one after the other. Rules D22 and P4.

    Args:
        layer: changed in place.
        conductance: (2, rows, columns), what the devices conduct; follows them.
        weights: (k,) flat indices into (rows, columns), different ones.
        pulses: (k,) how many each, up where positive.
    """
    policy = PAIRS[model.pair]
    if len(weights) <= FEW:
        applied, dropped, few = pulse_few(model, made, layer, conductance, weights, pulses, policy)
        return Pulsed(applied, dropped, np.array(few, np.intp))
    flat, pairs = conductance.reshape(-1), conductance[0].size
    left, raises = np.abs(pulses), pulses > 0
    due, reached = int(left.sum()), []
    applied = 0
    if not left.all():
        weights, left, raises = weights[left > 0], left[left > 0], raises[left > 0]
    marked = None if layer.marked is None else layer.marked.reshape(-1)
    while len(left):
        chosen = policy.choose(raises, sense_pairs(model, flat, marked, weights, weights + pairs))
        lowers, blocked, side = map(np.asarray, chosen)
        takes = lowers | ~blocked
        devices, upwards = (weights + pairs * side)[takes], ~lowers[takes]
        if len(devices):
            flat[devices] = pulse_devices(model, made, layer, devices, upwards)
            applied += len(devices)
            reached.append(devices)
        left = left - 1
        more = left > 0
        left, weights, raises = left[more], weights[more], raises[more]
    if len(reached) == 1:
        devices = np.sort(reached[0])
    else:
        devices = np.unique(np.concatenate(reached)) if reached else np.zeros(0, np.intp)
    return Pulsed(applied, due - applied, devices)
