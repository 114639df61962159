"""From a gradient to programming pulses: the two ways to write a layer's devices, rules L11 to L15 and P1 to P3.

Sources: "accumulate", Nandakumar et al., "Mixed-precision deep learning based on computational memory", 2020; "direct",
M2RU, arXiv 2512.17299.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from remora.golden.crossbar.array import HALF, TiledLayer
from remora.golden.crossbar.device_layer import DeviceLayer
from remora.golden.devices.pairs.registry import PAIRS
from remora.golden.devices.pulses import pulse_weights
from remora.spec.crossbar.column_groups import ROUNDING_SLICES
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer
from remora.spec.crossbar.learning import ROUNDING_SLICE_BITS, pulse_shift, rounding_index
from remora.spec.lib.rng import Purpose, draw_pair


@dataclass(frozen=True)
class Writes:
    """What one update wrote into one layer.

    Rule P3.

    Attributes:
        applied, dropped: pulses; dropped ones found their pair full.
        devices: devices that took at least one pulse; a pair that crosses zero counts both of its own.
    """

    applied: int = 0
    dropped: int = 0
    devices: int = 0

    @classmethod
    def sum(cls, parts: Iterable[Writes]) -> Writes:
        """All of them together."""
        counts = [(each.applied, each.dropped, each.devices) for each in parts]
        return cls(*(sum(column) for column in zip(*counts, strict=True))) if counts else cls()


class LayerWriter(Protocol):
    """Turns gradients of one layer into pulses.

    Attributes:
        levels: (rows, columns) int16, the present weights; of real devices the nearest levels.
        values: (rows, columns) χ, integers in floating point; None where there is none.
        gradient: (rows, learning columns), to be filled with the gradient over ``2^shift``, exactly, before `commit`.
        zones: levels at which χ gives its first pulse in a direction, of all rows but the last and of the last; both
            are 1 by rule L13.
    """

    gradient: NDArray[np.floating]
    zones: tuple[int, int]

    @property
    def levels(self) -> NDArray[np.int16]: ...

    @property
    def values(self) -> NDArray[np.floating] | None: ...

    def configure(self, columns: int, seed: int) -> None:
        """How many columns learn from now on, and the seed of the draws."""

    def commit(self, columns: NDArray[np.intp] | None, update: int, count: int | None = None) -> Writes:
        """Write the update.

        Args:
            columns: those that learn, rising, as many as `gradient` has; None where all do.
            update: its number, q.
            count: how many of them, from the first, are written; all where None.
        """


def check_accumulators(design: DesignPoint, accumulators: tuple[NDArray, NDArray] | None) -> None:
    """Whether a design point can have these χ of hidden layer and readout; None is legal everywhere.

    Raises:
        ValueError: they are not zero where the design has none, or shape or width is wrong.
    """
    shapes = (design.hidden_rows, design.network.hidden), (design.readout_rows, design.network.classes)
    limit = (1 << (design.learning.accumulator_bits - 1)) - 1
    for values, shape in zip(accumulators or (), shapes, strict=accumulators is not None):
        if design.learning.update == "direct" and np.any(values):
            raise ValueError('accumulators are given, but learning.update = "direct" has none')
        if values.shape != shape or np.abs(values).max() > limit:
            raise ValueError(f"accumulators must be of shape {shape} and within ±{limit}")


def make_writer(
    design: DesignPoint,
    layer: TiledLayer,
    which: Layer,
    levels: NDArray,
    values: NDArray | None,
    dtype: type[np.floating],
) -> LayerWriter:
    """The writer of a layer, by ``learning.update``.

    Args:
        layer: of the datapath; follows the weights.
        values: χ to start from, as `check_accumulators` allows; zero where None.
        dtype: wide enough for gradients, see `remora.golden.learning.kernel.rules.learning_dtype`.
    """
    devices: _Devices | _RealDevices
    if isinstance(layer, DeviceLayer):
        devices = _RealDevices(layer)
    else:
        devices = _Devices(layer, levels, design)
    if design.learning.update == "accumulate":
        return AccumulatingWriter(design, devices, values, dtype)
    return DirectWriter(design, devices, which, dtype)


class _Devices:
    """The weights of a layer, in levels and in the matrix of the datapath."""

    def __init__(self, layer: TiledLayer, levels: NDArray, design: DesignPoint):
        self.levels = levels.astype(np.int16)
        self._layer, self._limit = layer, design.crossbar.weight_limit
        self._policy = PAIRS[design.crossbar.pair]

    def pulse(self, positions: NDArray[np.intp], pulses: NDArray[np.int64]) -> Writes:
        """Pulse the weights at flat indices ``places``, up where positive; pulses beyond a full pair are dropped.

        Rules P1 and P2.
        """
        levels, matrix = self.levels.reshape(-1), self._layer.matrix.reshape(-1)
        before = levels[positions].astype(np.int64)
        after = before + pulses
        np.minimum(after, self._limit, out=after)
        np.maximum(after, -self._limit, out=after)
        levels[positions] = after
        matrix[positions] = after * self._layer.scale
        applied = int(np.abs(after - before).sum())
        return Writes(applied, int(np.abs(pulses).sum()) - applied, self._policy.written(before, after))


class _RealDevices:
    """The devices of a layer of a chip."""

    def __init__(self, layer: DeviceLayer):
        self._layer = layer

    @property
    def levels(self) -> NDArray[np.int16]:
        """Nearest levels, (rows, columns)."""
        return self._layer.levels

    def pulse(self, positions: NDArray[np.intp], pulses: NDArray[np.int64]) -> Writes:
        """Pulse the weights at flat indices ``positions``, up where positive.

        Rules D22 and P3.
        """
        layer = self._layer
        done = pulse_weights(layer.model, layer.made, layer.state, layer.conductance, positions, pulses)
        if len(done.devices):
            layer.refresh(done.devices)
        return Writes(done.applied, done.dropped, len(done.devices))


class AccumulatingWriter:
    """ "accumulate": gradients gather in χ, and a device is pulsed when |χ| passes a level."""

    def __init__(self, design: DesignPoint, devices: _Devices | _RealDevices, values: NDArray | None, dtype):
        learning, shape = design.learning, devices.levels.shape
        self._devices, self._shape = devices, shape
        self.values = np.zeros(shape, dtype) if values is None else np.array(values, dtype)
        self._level, self._max_pulses = learning.accumulator_level, learning.max_pulses
        self._limit = (1 << (learning.accumulator_bits - 1)) - 1
        self.zones = 1, 1

    @property
    def levels(self) -> NDArray[np.int16]:
        """As of `LayerWriter`."""
        return self._devices.levels

    def configure(self, columns: int, seed: int) -> None:
        """As `LayerWriter.configure` says; ``seed`` does not matter here."""
        self.gradient = np.empty((self._shape[0], columns), self.values.dtype)
        self._full = np.empty(self.gradient.shape, bool)

    def commit(self, columns: NDArray[np.intp] | None, update: int, count: int | None = None) -> Writes:
        """As `LayerWriter.commit` says; ``update`` does not matter here. Rules L11 and L12."""
        columns, step = _first(count, columns, self.gradient)
        full = self._full[:, : step.shape[1]]
        step += HALF
        np.floor(step, out=step)
        # `take`, since indexing would give the copy another order in memory, and `_pulse` writes through a flat view.
        values = self.values if columns is None else self.values.take(columns, axis=1)
        values -= step
        np.minimum(values, self._limit, out=values)
        np.maximum(values, -self._limit, out=values)
        np.abs(values, out=step)
        np.greater_equal(step, self._level * self.zones[0], out=full)
        if self.zones[1] != self.zones[0]:
            np.greater_equal(step[-1], self._level * self.zones[1], out=full[-1])
        due = np.flatnonzero(full)
        writes = self._pulse(values, due, columns) if len(due) else Writes()
        if columns is not None:
            self.values[:, columns] = values
        return writes

    def _pulse(self, values: NDArray, due: NDArray[np.intp], columns: NDArray[np.intp] | None) -> Writes:
        """χ gives up the level even where a full pair drops the pulse. Rule L13."""
        flat = values.reshape(-1)
        pending = flat[due].astype(np.int64)
        count = np.abs(pending) // self._level
        if self.zones != (1, 1):
            count -= np.where(due < values.size - values.shape[1], *self.zones) - 1
        pulses = np.sign(pending) * np.minimum(count, self._max_pulses)
        flat[due] = pending - pulses * self._level
        return self._devices.pulse(_positions(due, self._shape, columns), pulses)


class DirectWriter:
    """ "direct": the update is rounded stochastically to whole pulses at once; nothing is remembered."""

    values = None
    zones = 1, 1

    def __init__(self, design: DesignPoint, devices: _Devices | _RealDevices, which: Layer, dtype):
        learning, self._shape = design.learning, devices.levels.shape
        self._devices, rows = devices, self._shape[0]
        self._max_pulses, self._dtype = learning.max_pulses, dtype
        self._mask, self._scale = np.uint32(learning.accumulator_level - 1), 2.0 ** -pulse_shift(design)
        # The readout's rows count as the last of the hidden layer's.
        first = design.hidden_rows - rows
        lanes = np.arange(first // ROUNDING_SLICES, -(-design.hidden_rows // ROUNDING_SLICES), dtype=np.uint32)
        self._lanes, self._first = lanes[:, None], first % ROUNDING_SLICES
        self._index = np.asarray(rounding_index(which, np.arange(self._shape[1])), np.uint32)

    @property
    def levels(self) -> NDArray[np.int16]:
        """As of `LayerWriter`."""
        return self._devices.levels

    def configure(self, columns: int, seed: int) -> None:
        """As `LayerWriter.configure` says."""
        self._seed = seed
        self.gradient = np.empty((self._shape[0], columns), self._dtype)
        self._magnitude = np.empty_like(self.gradient)
        self._random = np.empty((len(self._lanes), ROUNDING_SLICES, columns), self._dtype)

    def commit(self, columns: NDArray[np.intp] | None, update: int, count: int | None = None) -> Writes:
        """As `LayerWriter.commit` says. Rules L11 and L14."""
        columns, step = _first(count, columns, self.gradient)
        magnitude = self._magnitude[:, : step.shape[1]]
        step += HALF
        np.floor(step, out=step)
        np.abs(step, out=magnitude)
        magnitude += self._draw(columns, update)
        magnitude *= self._scale
        np.floor(magnitude, out=magnitude)
        np.minimum(magnitude, self._max_pulses, out=magnitude)
        due = np.flatnonzero(magnitude)
        if not len(due):
            return Writes()
        # A gradient is descended, as χ does by subtracting it.
        pulses = -(np.sign(step.reshape(-1)[due]) * magnitude.reshape(-1)[due]).astype(np.int64)
        return self._devices.pulse(_positions(due, self._shape, columns), pulses)

    def _draw(self, columns: NDArray[np.intp] | None, update: int) -> NDArray[np.floating]:
        """r of every row and learning column, (rows, columns). Rule L15."""
        index = self._index if columns is None else self._index[columns]
        random = self._random[..., : len(index)]
        words = draw_pair(self._seed, Purpose.STOCHASTIC_ROUNDING, update, index, self._lanes)
        for number in range(ROUNDING_SLICES):
            word = words[number * ROUNDING_SLICE_BITS // 32]
            if number * ROUNDING_SLICE_BITS % 32:
                word = word >> np.uint32(ROUNDING_SLICE_BITS)
            random[:, number] = word & self._mask
        return random.reshape(len(self._lanes) * ROUNDING_SLICES, len(index))[self._first :][: self._shape[0]]


def _first(count: int | None, columns: NDArray[np.intp] | None, gradient: NDArray):
    """The first ``count`` of the learning columns, and their gradient, rows without gaps."""
    if count is None or count == gradient.shape[1]:
        return columns, gradient
    chosen = np.arange(count) if columns is None else columns[:count]
    return chosen, np.ascontiguousarray(gradient[:, :count])


def _positions(due: NDArray[np.intp], shape: tuple[int, ...], columns: NDArray[np.intp] | None) -> NDArray[np.intp]:
    """Flat indices into a layer of flat indices into its learning columns."""
    if columns is None:
        return due
    row, position = np.divmod(due, len(columns))
    return row * shape[1] + columns[position]
