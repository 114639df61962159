"""From a gradient to programming pulses: the two ways to write a layer's devices, by the rules of `spec.learning`.

Sources: "accumulate", Nandakumar et al., "Mixed-precision deep learning based on computational memory", 2020; "direct",
M2RU, arXiv 2512.17299.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from golden.crossbar import HALF, TiledLayer
from spec.design import DesignPoint
from spec.layout import Layer, layer_layout
from spec.learning import ROUNDING_SLICE_BITS, ROUNDING_SLICES, pulse_shift, rounding_index
from spec.rng import Purpose, draw_pair


@dataclass(frozen=True)
class Writes:
    """What one update wrote into one layer.

    Attributes:
        applied, dropped: pulses; dropped ones found their pair full.
        devices: devices that took at least one pulse; a pair that crosses zero counts both of its own.
    """

    applied: int = 0
    dropped: int = 0
    devices: int = 0


class LayerWriter(Protocol):
    """Turns gradients of one layer into pulses.

    Attributes:
        levels: (rows, columns) int16, the present weights.
        values: (rows, columns) χ, integers in floating point; None where there is none.
        gradient: (rows, learning columns), to be filled with the gradient over ``2^shift``, exactly, before `commit`.
    """

    levels: NDArray[np.int16]
    values: NDArray[np.floating] | None
    gradient: NDArray[np.floating]

    def commit(self, columns: NDArray[np.intp] | None, update: int) -> Writes:
        """Write the update.

        Args:
            columns: those that learn, rising, as many as `gradient` has; None where all do.
            update: its number, q.
        """


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
        values: χ to start from; zero where None.
        dtype: wide enough for gradients, see `golden.learning.learning_dtype`.

    Raises:
        ValueError: χ is given, not zero, to a design point that has none, or lies outside its width.
    """
    columns = design.winners if which is Layer.HIDDEN else layer_layout(design, which).columns
    devices = _Devices(layer, levels, design.weight_limit)
    if design.learning.update == "accumulate":
        return AccumulatingWriter(design, devices, columns, values, dtype)
    if values is not None and np.any(values):
        raise ValueError('accumulators are given, but learning.update = "direct" has none')
    return DirectWriter(design, devices, which, columns, dtype)


class _Devices:
    """The weights of a layer, in levels and in the matrix of the datapath."""

    def __init__(self, layer: TiledLayer, levels: NDArray, limit: int):
        self.levels = levels.astype(np.int16)
        self._layer, self._limit = layer, limit

    def pulse(self, places: NDArray[np.intp], pulses: NDArray[np.int64]) -> Writes:
        """Pulse the weights at flat indices ``places``, up where positive; pulses beyond a full pair are dropped."""
        levels, matrix = self.levels.reshape(-1), self._layer.matrix.reshape(-1)
        before = levels[places].astype(np.int64)
        after = before + pulses
        np.minimum(after, self._limit, out=after)
        np.maximum(after, -self._limit, out=after)
        levels[places] = after
        matrix[places] = after * self._layer.scale
        change = np.abs(after - before)
        applied = int(change.sum())
        devices = np.count_nonzero(change) + np.count_nonzero(before * after < 0)
        return Writes(applied, int(np.abs(pulses).sum()) - applied, devices)


class AccumulatingWriter:
    """ "accumulate": gradients gather in χ, and a device is pulsed when |χ| passes a level."""

    def __init__(self, design: DesignPoint, devices: _Devices, columns: int, values: NDArray | None, dtype):
        learning, shape = design.learning, devices.levels.shape
        self._devices, self.levels = devices, devices.levels
        self.values = np.zeros(shape, dtype) if values is None else np.array(values, dtype)
        self.gradient = np.empty((shape[0], columns), dtype)
        self._full = np.empty(self.gradient.shape, bool)
        self._level, self._max_pulses = learning.accumulator_level, learning.max_pulses
        self._limit = (1 << (learning.accumulator_bits - 1)) - 1
        if self.values.shape != shape or np.abs(self.values).max() > self._limit:
            raise ValueError(f"accumulators must be of shape {shape} and within ±{self._limit}")

    def commit(self, columns: NDArray[np.intp] | None, update: int) -> Writes:
        """As `LayerWriter.commit` says; ``update`` does not matter here."""
        step = self.gradient
        step += HALF
        np.floor(step, out=step)
        # `take`, since indexing would give the copy another order in memory, and `_pulse` writes through a flat view.
        values = self.values if columns is None else self.values.take(columns, axis=1)
        values -= step
        np.minimum(values, self._limit, out=values)
        np.maximum(values, -self._limit, out=values)
        np.abs(values, out=step)
        np.greater_equal(step, self._level, out=self._full)
        due = np.flatnonzero(self._full)
        writes = self._pulse(values, due, columns) if len(due) else Writes()
        if columns is not None:
            self.values[:, columns] = values
        return writes

    def _pulse(self, values: NDArray, due: NDArray[np.intp], columns: NDArray[np.intp] | None) -> Writes:
        """χ gives up the level even where a full pair drops the pulse."""
        flat = values.reshape(-1)
        pending = flat[due].astype(np.int64)
        pulses = np.sign(pending) * np.minimum(np.abs(pending) // self._level, self._max_pulses)
        flat[due] = pending - pulses * self._level
        return self._devices.pulse(_places(due, self.levels, columns), pulses)


class DirectWriter:
    """ "direct": the update is rounded stochastically to whole pulses at once; nothing is remembered."""

    values = None

    def __init__(self, design: DesignPoint, devices: _Devices, which: Layer, columns: int, dtype):
        learning, rows = design.learning, len(devices.levels)
        self._devices, self.levels = devices, devices.levels
        self.gradient = np.empty((rows, columns), dtype)
        self._seed, self._max_pulses = learning.seed, learning.max_pulses
        self._mask, self._scale = np.uint32(learning.accumulator_level - 1), 2.0 ** -pulse_shift(design)
        self._lanes = np.arange(-(-rows // ROUNDING_SLICES), dtype=np.uint32)[:, None]
        self._index = np.asarray(rounding_index(which, np.arange(devices.levels.shape[1])), np.uint32)
        self._magnitude = np.empty_like(self.gradient)
        self._random = np.empty((len(self._lanes), ROUNDING_SLICES, columns), dtype)

    def commit(self, columns: NDArray[np.intp] | None, update: int) -> Writes:
        """As `LayerWriter.commit` says."""
        step, magnitude = self.gradient, self._magnitude
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
        return self._devices.pulse(_places(due, self.levels, columns), pulses)

    def _draw(self, columns: NDArray[np.intp] | None, update: int) -> NDArray[np.floating]:
        """r of every row and learning column, (rows, columns)."""
        index = self._index if columns is None else self._index[columns]
        words = draw_pair(self._seed, Purpose.STOCHASTIC_ROUNDING, update, index, self._lanes)
        for number in range(ROUNDING_SLICES):
            word = words[number * ROUNDING_SLICE_BITS // 32]
            if number * ROUNDING_SLICE_BITS % 32:
                word = word >> np.uint32(ROUNDING_SLICE_BITS)
            self._random[:, number] = word & self._mask
        return self._random.reshape(-1, len(index))[: len(self.levels)]


def _places(due: NDArray[np.intp], levels: NDArray, columns: NDArray[np.intp] | None) -> NDArray[np.intp]:
    """Flat indices into a layer of flat indices into its learning columns."""
    if columns is None:
        return due
    row, place = np.divmod(due, len(columns))
    return row * levels.shape[1] + columns[place]
