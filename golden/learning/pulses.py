"""From a gradient to programming pulses: how a layer's devices are written, rules L11 and P1 to P3.

The rules between the two are in `remora.golden.learning.update_rules`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remora.golden.crossbar.array import HALF, TiledLayer
from remora.golden.crossbar.device_layer import DeviceLayer
from remora.golden.devices.ahead import PulsesAhead
from remora.golden.devices.curves import Integers
from remora.golden.devices.pairs.registry import PAIRS
from remora.golden.devices.pulses import pulse_weights
from remora.golden.devices.state import DeviceState
from remora.golden.learning.update_rules.registry import update_rules
from remora.golden.learning.update_rules.rule import UpdateRule
from remora.golden.learning.verify import ColumnVerifier, Pairs, Pulses, RealPairs
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer
from remora.spec.crossbar.update_rules.registry import update_rule
from remora.spec.crossbar.verify.verification import Verification

_NOWHERE = np.zeros(0, np.intp), np.zeros(0, np.intp)


@dataclass(frozen=True)
class Writes:
    """What one update wrote into one layer.

    Rule P3.

    Attributes:
        applied, dropped: pulses; dropped ones found their pair full.
        devices: devices that took at least one pulse; a pair that crosses zero counts both of its own.
        given_up: weights that did not move under verified pulses, rule J2.
    """

    applied: int = 0
    dropped: int = 0
    devices: int = 0
    given_up: int = 0

    @classmethod
    def sum(cls, parts: Iterable[Writes]) -> Writes:
        """All of them together."""
        counts = [(each.applied, each.dropped, each.devices, each.given_up) for each in parts]
        return cls(*(sum(column) for column in zip(*counts, strict=True))) if counts else cls()


class LayerWriter:
    """Turns gradients of one layer into pulses, by the rule of ``learning.update``.

    Attributes:
        gradient: (rows, learning columns), to be filled with the gradient over ``2^shift``, exactly, before `commit`.
        rule: what decides; it holds χ where there is one.
        verifier: reads what pulses did; None where none are verified.
    """

    gradient: NDArray[np.floating]

    def __init__(
        self,
        devices: _Devices | _RealDevices,
        rule: UpdateRule,
        dtype: type[np.floating],
        verifier: ColumnVerifier | None = None,
    ):
        self._devices, self.rule, self._dtype, self.verifier = devices, rule, dtype, verifier
        self._returned: tuple[tuple[NDArray[np.intp], NDArray[np.intp]], NDArray] = _NOWHERE, np.zeros(0)
        self._shape = devices.levels.shape

    @property
    def levels(self) -> NDArray[np.int16]:
        """(rows, columns), the present weights; of real devices the nearest levels."""
        return self._devices.levels

    def configure(self, columns: int, seed: int) -> None:
        """How many columns learn from now on, and the seed of the draws."""
        self.gradient = np.empty((self._shape[0], columns), self._dtype)
        self.rule.configure(columns, seed)

    def commit(self, columns: NDArray[np.intp] | None, update: int, count: int | None = None) -> Writes:
        """Write the update. Rule L11.

        Args:
            columns: those that learn, rising, as many as `gradient` has; None where all do.
            update: its number, q.
            count: how many of them, from the first, are written; all where None.
        """
        columns, step = _first(count, columns, self.gradient)
        step += HALF
        np.floor(step, out=step)
        due, pulses = self.rule.decide(step, columns, update)
        if self.verifier:
            self._returned, self.verifier.tiles = (_NOWHERE, np.zeros(0)), ()
            due, pulses = due[pulses != 0], pulses[pulses != 0]
            return self._verified(self.verifier, due, pulses, columns) if len(due) else Writes()
        return self._devices.pulse(_positions(due, self._shape, columns), pulses) if len(due) else Writes()

    def _verified(
        self, verifier: ColumnVerifier, due: NDArray[np.intp], pulses: NDArray[np.int64], columns: NDArray | None
    ) -> Writes:
        """Pulses that are verified; χ gets what they missed. Rules J1 to J3."""
        positions, values = _positions(due, self._shape, columns), self.rule.values
        assert values is not None, "the rule has no accumulators"
        counts, corrections = verifier.write(positions, pulses)
        at = np.divmod(positions, self._shape[1])
        before = values[at]
        values[at] = verifier.corrected(before, corrections)
        self._returned = at, values[at] - before
        return Writes(*counts)

    @property
    def uncorrected(self) -> NDArray[np.floating]:
        """χ as rule L13 left it in the last update, before its pulses were verified; of a rule that has χ."""
        at, returned = self._returned
        assert self.rule.values is not None, "the rule has no accumulators"
        values = self.rule.values.copy()
        values[at] -= returned
        return values


def check_accumulators(design: DesignPoint, accumulators: tuple[NDArray, NDArray] | None) -> None:
    """Whether a design point can have these χ of hidden layer and readout; None is legal everywhere.

    Raises:
        ValueError: they are not zero where the design has none, or shape or width is wrong.
    """
    shapes = (design.hidden_rows, design.network.hidden), (design.readout_rows, design.network.classes)
    limit = (1 << (design.learning.accumulator_bits - 1)) - 1
    for values, shape in zip(accumulators or (), shapes, strict=accumulators is not None):
        if not update_rule(design).accumulates and np.any(values):
            raise ValueError(f'accumulators are given, but learning.update = "{design.learning.update}" has none')
        if values.shape != shape or np.abs(values).max() > limit:
            raise ValueError(f"accumulators must be of shape {shape} and within ±{limit}")


def make_writer(
    design: DesignPoint,
    layer: TiledLayer,
    which: Layer,
    levels: NDArray,
    values: NDArray | None,
    dtype: type[np.floating],
    chip: DeviceState | None = None,
) -> LayerWriter:
    """The writer of a layer, by ``learning.update``.

    Args:
        layer: of the datapath; follows the weights.
        values: χ to start from, as `check_accumulators` allows; zero where None.
        dtype: wide enough for gradients, see `remora.golden.learning.kernel.rules.learning_dtype`.
        chip: whose layer it is, where devices are real.
    """
    devices: _Devices | _RealDevices
    if isinstance(layer, DeviceLayer):
        devices = _RealDevices(layer)
    else:
        devices = _Devices(layer, levels, design)
    rule = update_rules()[design.learning.update](design, which, values, dtype)
    if not design.learning.verify_reads:
        return LayerWriter(devices, rule, dtype)
    pairs: Pairs = _IdealPairs(design, devices)
    if isinstance(layer, DeviceLayer) and chip is not None:
        pairs = RealPairs(design, which, layer, chip)
    return LayerWriter(devices, rule, dtype, ColumnVerifier(design, which, pairs, devices.levels.shape[1]))


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
        if self._layer.digital:
            self._layer.correct(None, self.levels[-1])
        applied = int(np.abs(after - before).sum())
        return Writes(applied, int(np.abs(pulses).sum()) - applied, self._policy.written(before, after))


class _RealDevices:
    """The devices of a layer of a chip."""

    def __init__(self, layer: DeviceLayer):
        self._layer = layer
        layer.state.ahead = PulsesAhead(layer.model, layer.made)

    @property
    def levels(self) -> NDArray[np.int16]:
        """Nearest levels, (rows, columns)."""
        return self._layer.levels

    def pulse(self, positions: NDArray[np.intp], pulses: NDArray[np.int64]) -> Writes:
        """Pulse the weights at flat indices ``positions``, up where positive.

        Rules D22 and P3.
        """
        layer, biases = self._layer, self._layer.state.biases
        if layer.digital and biases is not None:
            first = layer.matrix.size - len(biases)
            digital = positions >= first
            written = self._pulse_biases(biases, positions[digital] - first, pulses[digital])
            return Writes.sum([self._pulse_devices(positions[~digital], pulses[~digital]), written])
        return self._pulse_devices(positions, pulses)

    def _pulse_biases(self, biases: Integers, columns: NDArray[np.intp], pulses: NDArray[np.int64]) -> Writes:
        """Pulse digital biases, which are exact and do not wear. Rule K6."""
        layer, limit = self._layer, self._layer.model.weight_limit
        before = biases[columns]
        biases[columns] = after = np.clip(before + pulses, -limit, limit)
        layer.correct(layer.state.offsets, biases)
        applied = int(np.abs(after - before).sum())
        written = PAIRS[layer.model.pair].written(before, after)
        return Writes(applied, int(np.abs(pulses).sum()) - applied, written)

    def _pulse_devices(self, positions: NDArray[np.intp], pulses: NDArray[np.int64]) -> Writes:
        layer = self._layer
        if not len(positions):
            return Writes()
        done = pulse_weights(layer.model, layer.made, layer.state, layer.conductance, positions, pulses)
        if len(done.devices):
            layer.refresh(done.devices)
        return Writes(done.applied, done.dropped, len(done.devices))


class _IdealPairs:
    """Ideal pairs as a verifier sees them: reads are exact, and a level weighs k · 2^f."""

    def __init__(self, design: DesignPoint, devices: _Devices | _RealDevices):
        self._devices, self._verification = devices, Verification.of(design)
        self._limit, self._most = design.formats.adc_limit, design.crossbar.weight_limit

    def pulse(self, positions: NDArray[np.intp], pulses: NDArray[np.int64]) -> Pulses:
        """As `remora.golden.learning.verify.Pairs.pulse` says. A weight that does not move is full, so none is pulsed
        again."""
        levels = self._devices.levels.reshape(-1)
        before = levels[positions].astype(np.int64)
        writes = self._devices.pulse(positions, pulses)
        applied = int(np.abs(levels[positions] - before).max())
        blocked = np.abs(before + pulses) > self._most
        return Pulses(writes.applied, writes.dropped, frozenset(range(writes.devices)), blocked, applied)

    def read(self, rows: NDArray[np.intp], column: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """As `remora.golden.learning.verify.Pairs.read` says."""
        levels = self._devices.levels[rows, column].astype(np.int64)
        full = np.abs(levels) << self._verification.fine_bits >= self._limit
        return levels << self._verification.level_shift, full


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
