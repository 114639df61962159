"""Programming pulses of real devices: what one pulse does, and which devices a layer's due pulses reach.

Rules D6, D22 and P4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remora.golden.devices.chip import ChipLayer
from remora.golden.devices.curves import Integers, value_towards
from remora.golden.devices.few_pulses import pulse_few
from remora.golden.devices.pairs.registry import PAIRS
from remora.golden.devices.state import MOST_PULSES, LayerState, sense_pairs, shown
from remora.spec.devices.model import GAIN_BITS, DeviceModel
from remora.spec.lib.fixed import round_shift
from remora.spec.lib.rng import Purpose, deviate, draw_pairs, scaled_deviate

FEW = 4
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
    model: DeviceModel,
    index: NDArray[np.uint32],
    numbers: Integers,
    p: Integers,
    n: Integers,
    upwards: NDArray,
    drawn: NDArray[np.integer] | None = None,
) -> Integers:
    """p of devices after one pulse. Rule D6.

    Args:
        index: (k,) numbers of the devices.
        numbers: (6, k), their `remora.golden.devices.chip.NUMBERS`.
        p, n: (k,) before the pulse.
        upwards: (k,) bool, the direction.
        drawn: (2, k) deviates of the pulse, where they have been drawn ahead.
    """
    low, high, up, down, _, endurance = numbers
    step = value_towards((model.lower_steps, model.raise_steps), upwards, p, low, high)
    step = round_shift(step * np.where(upwards, up, down), GAIN_BITS)
    if model.pulses_noisily:
        first, second = deviate(draw_pairs(model.seed, Purpose.PULSE, n, index)) if drawn is None else drawn
        step += scaled_deviate(first, round_shift(step * model.cycle_noise, GAIN_BITS))
        step += scaled_deviate(second, model.cycle_range)
    np.negative(step, out=step, where=~upwards)
    step += p
    after = np.minimum(high, np.maximum(low, step))
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
    index, numbers = made.index.reshape(-1).take(devices), made.by_device.take(devices, axis=0).T
    every_p, every_n = layer.p.reshape(-1), layer.n.reshape(-1)
    p, n = every_p.take(devices), every_n.take(devices)
    count = np.minimum(MOST_PULSES, n + 1)
    if layer.ahead is None:
        after = moved(model, index, numbers, p, n, upwards)
        seen = shown(model, index, after, count)
    else:
        drawn = layer.ahead.deviates(every_n, devices, n)
        after = moved(model, index, numbers, p, n, upwards, drawn[:2])
        seen = shown(model, index, after, count, drawn[-2:])
    every_p[devices], every_n[devices] = after, count
    layer.t.reshape(-1)[devices] = 0
    layer.s.reshape(-1)[devices] = 0
    return seen  # as it is: no time has passed since the pulse


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
    marked = None if layer.marked is None else layer.marked.reshape(-1)
    left, raises = np.abs(pulses), pulses > 0
    due, least, reached = int(left.sum()), int(left.min()), []
    for given in range(int(left.max())):
        if given >= least:
            more = left > given
            weights, left, raises = weights[more], left[more], raises[more]
        chosen = policy.choose(raises, sense_pairs(model, flat, marked, weights, weights + pairs))
        lowers, blocked, side = map(np.asarray, chosen)
        devices, upwards = weights + pairs * side, ~lowers
        drops = upwards & blocked
        if drops.any():
            devices, upwards = devices[~drops], upwards[~drops]
        flat[devices] = pulse_devices(model, made, layer, devices, upwards)
        reached.append(devices)
    applied = sum(map(len, reached))
    devices = np.sort(reached[0]) if len(reached) == 1 else np.unique(np.concatenate(reached or [weights[:0]]))
    return Pulsed(applied, due - applied, devices)
