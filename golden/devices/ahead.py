"""Pulses that are still to come, drawn ahead: many draws at once cost little more than a few, see
`remora.spec.lib.rng`, and so does arithmetic that waits for nothing else.

A draw depends on the device and its number of pulses alone (rules D6 and D7), so that it may be made at any time. The
rules are those of `remora.golden.devices.pulses`, and so are the bits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from remora.golden.devices.chip import MOST_PULSES, NUMBERS, ChipLayer
from remora.golden.devices.curves import (
    POSITION_SHIFT,
    STEP_BITS,
    Integers,
    is_even,
    reciprocals,
    value_at,
)
from remora.spec.devices.model import GAIN_BITS, DeviceModel, Table
from remora.spec.devices.tables import KNOTS, POSITION_BITS
from remora.spec.lib.fixed import round_shift
from remora.spec.lib.rng import NORMAL_FACTOR, NORMAL_SHIFT, Purpose, deviate, draw_pairs, scaled_deviate

AHEAD_BITS = 4
"""The next 2^n pulses of every device are kept."""
SPARING_BITS, MANY = 2, 1 << 18
"""As `AHEAD_BITS`, of layers of so many devices or more."""
TOGETHER = 2048
"""Devices for which draws are made together: as many as caches of a processor hold."""


class PulsesAhead:
    """The next pulses of a layer's devices.

    What a pulse adds where the curves of steps are even, up and down, and else its two deviates of rule D6, scaled as
    far as they can be; and the error of what it writes, or its deviate where that error depends on the conductance.
    """

    def __init__(self, model: DeviceModel, made: ChipLayer):
        self._model, self._index = model, made.index.reshape(-1)
        self._limit, self._cycle_noise = np.array(model.limit), np.array(model.cycle_noise)
        devices = self._index.size
        bits = AHEAD_BITS if devices < MANY else SPARING_BITS
        self._ahead, self._ahead_bits = 1 << bits, np.array(bits)
        self._numbers = {name: made.numbers[NUMBERS.index(name)].reshape(-1) for name in NUMBERS}
        self._even = is_even(model.raise_steps) and is_even(model.lower_steps)
        self._even_errors = is_even(model.write_noise)
        self._base = np.arange(devices) << bits
        self._first = np.full(devices, -self._ahead)
        self._origin = self._base - self._first
        self._moves = np.zeros((devices * self._ahead, 2), np.int64)
        self._errors = np.zeros(devices * self._ahead, np.int64) if model.writes_noisily else None
        low, high = self._numbers["low"], self._numbers["high"]
        up, down, endurance = (self._numbers[name] for name in ("up", "down", "endurance"))
        self._bounds = np.stack([low, high, endurance], axis=1)
        self._curve = np.stack([low, reciprocals(low, high), down, up], axis=1)
        tables = model.lower_steps, model.raise_steps
        self._knots, self._slopes = (np.concatenate([each(table) for table in tables]) for each in (_knots, _slopes))

    def pulse(
        self, counts: Integers, devices: NDArray[np.intp], p: Integers, n: Integers, upwards: NDArray[np.bool_]
    ) -> tuple[Integers, Integers]:
        """p of devices after one pulse, and what they show then. Rules D6 and D7.

        Args:
            counts: (devices,) pulses so far, of all devices.
            devices: (k,), different ones that are pulsed. ``p`` and ``n``: (k,) of these, before the pulse.
            upwards: (k,), the direction.
        """
        at = self._positions(counts, devices, n)
        low, high, endurance = self._bounds.take(devices, axis=0).T
        if self._even:
            after = p + self._moves.reshape(-1).take((at << _ONE) + upwards)
        else:
            after = p + self._move(devices, at, p, upwards)
        np.maximum(after, low, out=after)
        np.minimum(after, high, out=after)
        after = np.where(n < endurance, after, p)
        if self._errors is None:
            seen = np.maximum(after, _ZERO)
        else:
            error = self._errors.take(at)
            if not self._even_errors:
                error = scaled_deviate(error, value_at(self._model.write_noise, after, 0, self._model.full))
            seen = after + error
            np.maximum(seen, _ZERO, out=seen)
        return after, np.minimum(seen, self._limit, out=seen)

    def _positions(self, counts: Integers, devices: NDArray[np.intp], n: Integers) -> NDArray[np.intp]:
        """Where the next pulses of devices are kept, (k,)."""
        at = self._origin.take(devices)
        at += n
        if np.count_nonzero((at >> self._ahead_bits) != devices):
            self._draw(np.flatnonzero((counts - self._first).view(np.uint64) >= self._ahead // 2), counts)
            at = self._origin.take(devices) + n
        return at

    def _move(self, devices: NDArray[np.intp], at: NDArray[np.intp], p: Integers, upwards: NDArray) -> Integers:
        """What a pulse adds, where steps depend on p. Rules D3 and D6."""
        low, reciprocal, down, up = self._curve.take(devices, axis=0).T
        # From here on as of `remora.golden.devices.curves`, on both curves laid end to end.
        position = np.maximum(p, low)
        position -= low
        position *= reciprocal
        position >>= _POSITION_SHIFT
        np.minimum(position, _LAST, out=position)
        knot = position >> _STEP_BITS
        position &= _STEP_MASK
        np.add(knot, _KNOTS, out=knot, where=upwards)
        step = self._slopes.take(knot)
        step *= position
        step += _HALF_STEP
        step >>= _STEP_BITS
        step += self._knots.take(knot)
        step *= np.where(upwards, up, down)
        step += _HALF_GAIN
        step >>= _GAIN_BITS
        if self._model.pulses_noisily:
            noise, range_ = self._moves.take(at, axis=0).T
            amplitude = step * self._cycle_noise
            amplitude += _HALF_GAIN
            amplitude >>= _GAIN_BITS
            amplitude *= noise
            amplitude += _HALF_NORMAL
            amplitude >>= _NORMAL_SHIFT
            step += amplitude
            step += range_
        return np.negative(step, out=step, where=~upwards)

    def _draw(self, devices: NDArray[np.intp], counts: Integers) -> None:
        model = self._model
        self._first[devices] = counts[devices]
        self._origin[devices] = self._base[devices] - counts[devices]
        for start in range(0, len(devices), TOGETHER):
            some = devices[start : start + TOGETHER, None]
            at, n = some * self._ahead + np.arange(self._ahead), counts[some] + np.arange(self._ahead)
            index = np.broadcast_to(self._index[some], n.shape)
            first = second = np.zeros((), np.int64)
            if model.pulses_noisily:
                first, second = deviate(draw_pairs(model.seed, Purpose.PULSE, n, index))
                second = scaled_deviate(second, model.cycle_range)
            if self._even:
                for column, (table, gain, sign) in enumerate(
                    ((model.lower_steps, "down", -1), (model.raise_steps, "up", 1))
                ):
                    step = round_shift(table[0] * self._numbers[gain][some], GAIN_BITS)
                    step = step + scaled_deviate(first, round_shift(step * model.cycle_noise, GAIN_BITS)) + second
                    self._moves[at, column] = sign * step
            elif model.pulses_noisily:
                self._moves[at, 0], self._moves[at, 1] = first * NORMAL_FACTOR, second
            if self._errors is not None:
                # What a pulse writes is keyed by the count after it.
                written = deviate(draw_pairs(model.seed, Purpose.WRITE, np.minimum(MOST_PULSES, n + 1), index)[0])
                self._errors[at] = scaled_deviate(written, model.write_noise[0]) if self._even_errors else written


def _knots(table: Table) -> Integers:
    return np.array(table, np.int64)


def _slopes(table: Table) -> Integers:
    """From each knot to the next; 0 from the last, where a full device lies."""
    return np.append(np.diff(_knots(table)), 0)


# numpy takes an array of no dimension in half the time of a Python number.
_ZERO, _ONE, _KNOTS, _LAST = (np.array(each) for each in (0, 1, KNOTS, 1 << POSITION_BITS))
_POSITION_SHIFT, _STEP_BITS, _STEP_MASK = (np.array(each) for each in (POSITION_SHIFT, STEP_BITS, (1 << STEP_BITS) - 1))
_GAIN_BITS, _NORMAL_SHIFT = np.array(GAIN_BITS), np.array(NORMAL_SHIFT)
_HALF_STEP, _HALF_GAIN, _HALF_NORMAL = (np.array(1 << each - 1) for each in (STEP_BITS, GAIN_BITS, NORMAL_SHIFT))
