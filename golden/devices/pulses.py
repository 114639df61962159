"""Programming pulses of real devices: what one pulse does, and which devices a layer's due pulses reach.

Rules D6, D22 and P4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remora.golden.devices.chip import ChipLayer
from remora.golden.devices.curves import Integers, value_towards
from remora.golden.devices.pairs.registry import PAIRS
from remora.golden.devices.state import MOST_PULSES, LayerState, sense_pairs, shown
from remora.spec.devices.model import GAIN_BITS, DeviceModel
from remora.spec.lib.fixed import round_shift
from remora.spec.lib.rng import Purpose, deviate, draw_pairs, scaled_deviate


@dataclass(frozen=True)
class Pulsed:
    """What the due pulses of a layer did.

    Attributes:
        applied: pulses that a device took, whether it moved or not.
        dropped: pulses that found the devices of their pair at rest and full.
        devices: flat indices of the devices that were pulsed, each once.
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
    step = value_towards((model.lower_steps, model.raise_steps), upwards, p, low, high)
    step = round_shift(step * np.where(upwards, up, down), GAIN_BITS)
    if model.pulses_noisily:
        first, second = deviate(draw_pairs(model.seed, Purpose.PULSE, n, index))
        step += scaled_deviate(first, round_shift(step * model.cycle_noise, GAIN_BITS))
        step += scaled_deviate(second, model.cycle_range)
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
    every_p, every_n = layer.p.reshape(-1), layer.n.reshape(-1)
    p, n = every_p.take(devices), every_n.take(devices)
    count = np.minimum(_MOST_PULSES, n + _ONE)
    if layer.ahead is None:
        index, numbers = made.index.reshape(-1).take(devices), made.by_device.take(devices, axis=0).T
        after = moved(model, index, numbers, p, n, upwards)
        seen = shown(model, index, after, count)
    else:
        after, seen = layer.ahead.pulse(every_n, devices, p, n, upwards)
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
        weights: (k,) flat indices into (rows, columns), different ones, 1 or more.
        pulses: (k,) how many each, up where positive.
    """
    policy, sides, flat = PAIRS[model.pair], conductance.reshape(2, -1), conductance.reshape(-1)
    marked = None if layer.marked is None else layer.marked.reshape(2, -1)
    left, raises = np.abs(pulses), pulses > _ZERO
    due, reached = 0, []
    for given in range(int(np.maximum.reduce(left))):
        if given or np.count_nonzero(left) < len(left):
            more = left > given
            weights, left, raises = weights[more], left[more], raises[more]
        due += len(weights)
        lowers, blocked, side = policy.choose(raises, sense_pairs(model, sides, marked, weights))
        devices, upwards = weights + np.multiply(side, sides.shape[1]), np.logical_not(lowers)
        drops = upwards & blocked
        if np.count_nonzero(drops):
            devices, upwards = devices[~drops], upwards[~drops]
        flat[devices] = pulse_devices(model, made, layer, devices, upwards)
        reached.append(devices)
    applied = sum(map(len, reached))
    every = reached[0] if len(reached) == 1 else np.unique(np.concatenate(reached or [weights[:0]]))
    return Pulsed(applied, due - applied, every)


# numpy takes an array of no dimension in half the time of a Python number.
_ZERO, _ONE, _MOST_PULSES = (np.array(each) for each in (0, 1, MOST_PULSES))
