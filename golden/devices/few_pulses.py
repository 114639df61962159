"""A few pulses in plain integers, which is sooner done than in arrays of a few; the rules are those of
`remora.golden.devices.pulses`, and so are the bits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from remora.golden.devices.chip import ChipLayer
from remora.golden.devices.curves import POSITION_SHIFT, RECIPROCAL_BITS, STEP_BITS, Integers
from remora.golden.devices.pairs.policy import PairPolicy
from remora.golden.devices.state import MOST_PULSES, LayerState, sense_pairs
from remora.spec.devices.model import GAIN_BITS, DeviceModel, Table
from remora.spec.devices.tables import KNOTS, POSITION_BITS
from remora.spec.lib.fixed import round_shift
from remora.spec.lib.rng import NORMAL_CENTRE, NORMAL_FACTOR, NORMAL_SHIFT, Purpose, draw_words


def value_at(table: Table, conductance: int, low: int, high: int) -> int:
    """A table where a conductance lies between two others. Rule D3."""
    reciprocal = (1 << RECIPROCAL_BITS) // max(1, high - low)
    position = min(1 << POSITION_BITS, ((max(conductance, low) - low) * reciprocal) >> POSITION_SHIFT)
    before = min(KNOTS - 2, position >> STEP_BITS)
    first = table[before]
    return first + round_shift((table[before + 1] - first) * (position - (before << STEP_BITS)), STEP_BITS)


def deviate(word: int) -> int:
    """The sum of a word's bytes, less its mean."""
    return (word & 0xFF) + (word >> 8 & 0xFF) + (word >> 16 & 0xFF) + (word >> 24) - NORMAL_CENTRE


def normal(total: int, amplitude: int) -> int:
    """Rule R5, of the `deviate` of a word."""
    return round_shift(total * (amplitude * NORMAL_FACTOR), NORMAL_SHIFT)


def pulse_few(
    model: DeviceModel,
    made: ChipLayer,
    layer: LayerState,
    conductance: Integers,
    weights: NDArray[np.intp],
    pulses: NDArray[np.int64],
    policy: PairPolicy,
) -> tuple[int, int, list[int]]:
    """As `remora.golden.devices.pulses.pulse_weights`: pulses applied and dropped, and the devices, rising.

    Rules D22 and P4.
    """
    marked = None if layer.marked is None else layer.marked.reshape(-1)
    flat, pairs = conductance.reshape(-1), conductance[0].size
    applied, dropped, reached = 0, 0, set()
    for weight, count in zip(weights.tolist(), pulses.tolist(), strict=True):
        raises = np.bool_(count > 0)
        for _ in range(abs(count)):
            chosen = policy.choose(raises, sense_pairs(model, flat, marked, weight, weight + pairs))
            if chosen.blocked and not chosen.lowers:
                dropped += 1
                continue
            device = weight + pairs * int(chosen.side)
            flat[device] = _pulse(model, made, layer, device, not chosen.lowers)
            applied += 1
            reached.add(device)
    return applied, dropped, sorted(reached)


def _pulse(model: DeviceModel, made: ChipLayer, layer: LayerState, device: int, upwards: bool) -> int:
    """What a device conducts after one pulse. Rules D6, D7 and D10."""
    number, (low, high, up, down, _, endurance) = made.index.item(device), made.by_device[device].tolist()
    p, n = layer.p.item(device), layer.n.item(device)
    table, gain = (model.raise_steps, up) if upwards else (model.lower_steps, down)
    step = round_shift(value_at(table, p, low, high) * gain, GAIN_BITS)
    drawn = layer.ahead.of_one(device, n) if layer.ahead else None
    if model.pulses_noisily:
        first, second = drawn[:2] if drawn else map(deviate, draw_words(model.seed, Purpose.PULSE, n, number))
        step += normal(first, round_shift(step * model.cycle_noise, GAIN_BITS)) + normal(second, model.cycle_range)
    if n < endurance:
        p = min(high, max(low, p + step if upwards else p - step))
        layer.p.reshape(-1)[device] = p
    n = min(MOST_PULSES, n + 1)
    layer.n.reshape(-1)[device] = n
    layer.t.reshape(-1)[device] = layer.s.reshape(-1)[device] = 0
    if model.writes_noisily:
        written = drawn[-2] if drawn else deviate(draw_words(model.seed, Purpose.WRITE, n, number)[0])
        p += normal(written, value_at(model.write_noise, p, 0, model.full))
    return min(model.limit, max(0, p))
