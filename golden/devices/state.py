"""What a device's past made of it: pulses, time, and what it conducts now.

Rules D5, D7 to D12, D21, D23, D25, K4 and Y5.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from remora.golden.devices.ahead import PulsesAhead
from remora.golden.devices.calibration import measured_offsets, samples_of
from remora.golden.devices.chip import MOST_PULSES, Chip, ChipLayer
from remora.golden.devices.curves import Integers, device_draw, normals, value_at
from remora.golden.devices.fault_map import FaultMap, check_fault_map, compensated, stuck_devices
from remora.golden.devices.pairs.policy import Sense
from remora.golden.devices.pairs.registry import PAIRS
from remora.golden.devices.spares.exchange import exchange
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer
from remora.spec.crossbar.spares.spare_map import SpareMap
from remora.spec.devices.model import GAIN_BITS, TICK_BITS, DeviceModel
from remora.spec.devices.tables import LOG_BITS, TIME_TABLE_BITS, log_table, power_table
from remora.spec.lib.fixed import round_shift
from remora.spec.lib.rng import Purpose

MOST_TICKS = (1 << 47) - 1
SEQUENCE_MASK = (1 << 32) - 1
"""Sequences and probes are counted modulo 2^32. Rule D17."""
MOST_HALVINGS = 31
NATURAL = 45426
"""2^16 · ln 2: rule D11's logarithm is the natural one."""
AGING_BITS = 8

_LOG, _POWER = np.array(log_table()), np.array(power_table())


@dataclass
class LayerState:
    """The devices of a layer; arrays (2, rows, columns) int64, side 0 is g⁺.

    Attributes:
        p: what pulses made of the device, in grains.
        n: pulses since it was made.
        t: ticks since the last of them.
        s: slow noise, in grains.
        marked: (2, rows, columns) bool, what the chip's fault map says of the devices, rule P4; None where there is
            none.
        offsets: (columns,) r of rule K1, in codes; None where the chip has none.
        biases: (columns,) b of rule K5, in levels; None where the chip has none.
        ahead: draws of their next pulses, where many pulses are to come; None where each pulse makes its own.
        parked: devices of bitlines that serve no column, as `ChipLayer.parked`; None where there are no spares.
    """

    p: Integers
    n: Integers
    t: Integers
    s: Integers
    marked: NDArray[np.bool_] | None = None
    offsets: Integers | None = None
    biases: Integers | None = None
    ahead: PulsesAhead | None = field(default=None, repr=False, compare=False)
    parked: LayerState | None = None

    @classmethod
    def fresh(
        cls,
        model: DeviceModel,
        made: ChipLayer,
        levels: NDArray[np.integer],
        marked: NDArray[np.bool_] | None = None,
    ) -> LayerState:
        """Devices that have just been programmed to weights in levels, (rows, columns), exactly, beside those that are
        marked. Rules D21, D23 and D25."""
        p = PAIRS[model.pair].programmed(model, made, levels.astype(np.int64))
        if marked is not None:
            p = compensated(model, made, levels, p, marked)
        n, t, s = (np.zeros(made.shape, np.int64) for _ in range(3))
        parked = None
        if made.parked:
            parked = cls.fresh(model, made.parked, np.zeros(made.parked.shape[1:], np.int64))
        return cls(p, n, t, s, marked, parked=parked)

    def arrays(self) -> tuple[Integers, Integers, Integers, Integers]:
        """p, n, t and s."""
        return self.p, self.n, self.t, self.s

    def copy(self) -> LayerState:
        """One that shares no memory with this."""
        p, n, t, s = (array.copy() for array in self.arrays())
        offsets, biases = (None if each is None else each.copy() for each in (self.offsets, self.biases))
        return LayerState(p, n, t, s, self.marked, offsets, biases, parked=self.parked and self.parked.copy())


@dataclass
class DeviceState:
    """The devices of a chip.

    Attributes:
        layers: hidden layer and readout.
        ageings: a, how often they were aged.
        started: sequences that the chip has started, modulo 2^32, by which samples draw their noise. Rule D17.
        probes: samples of the tiles of each layer that belonged to no sequence, modulo 2^32. Rule D17.
        spares: what the chip's spare columns stand in for; None where it has none. Rule Y5.
    """

    layers: tuple[LayerState, LayerState]
    ageings: int = 0
    started: int = 0
    probes: tuple[int, int] = (0, 0)
    spares: SpareMap | None = None

    @classmethod
    def fresh(
        cls, chip: Chip, levels: tuple[NDArray[np.integer], NDArray[np.integer]], fault_map: FaultMap | None = None
    ) -> DeviceState:
        """Devices that have just been programmed to the weights of both layers. Rules D21 and D23."""
        marks = fault_map or (None, None)
        hidden, readout = (LayerState.fresh(chip.model, *each) for each in zip(chip.layers, levels, marks, strict=True))
        return cls((hidden, readout), spares=chip.spares)

    @classmethod
    def of(
        cls,
        design: DesignPoint,
        levels: tuple[NDArray[np.integer], NDArray[np.integer]],
        fault_map: FaultMap | None = None,
        spares: SpareMap | None = None,
    ) -> DeviceState:
        """Those of the chip that a design point describes, just programmed to the weights of both layers.

        It is calibrated too, where the hardware can be. Rules K2 and K4.

        Args:
            fault_map: what the chip's map marks; where None, a chip with a map marks those that are stuck. Rule D23.
            spares: what the chip's spare columns stand in for; None: for none.
        """
        chip = Chip.of(design, spares)
        if fault_map is None and design.capabilities.compensates:
            fault_map = stuck_devices(chip, design.capabilities.digital_bias)
        hidden, readout = levels
        if design.capabilities.digital_bias:
            hidden, readout = (np.concatenate([each[:-1], np.zeros_like(each[-1:])]) for each in levels)
        state = cls.fresh(chip, (hidden, readout), fault_map)
        state.set_biases(design, levels)
        if design.capabilities.calibrates:
            state.calibrate(design, chip)
        return state

    @property
    def fault_map(self) -> FaultMap | None:
        """What the chip's fault map marks; None where it has none."""
        hidden, readout = (layer.marked for layer in self.layers)
        return None if hidden is None or readout is None else (hidden, readout)

    def with_map(self, fault_map: FaultMap | None) -> DeviceState:
        """The same devices under another map; p, n, t and s stay, and are shared. Rule P4."""
        marks = fault_map or (None, None)
        hidden, readout = (replace(layer, marked=each) for layer, each in zip(self.layers, marks, strict=True))
        return replace(self, layers=(hidden, readout))

    def with_spares(self, design: DesignPoint, spares: SpareMap) -> DeviceState:
        """The same devices under another map of the spare columns; shares no memory with this. Rule Y5."""
        found, before = self.copy(), self.spares or SpareMap.idle(design)
        for layer, held in zip(Layer, found.layers, strict=True):
            for each in (before, spares):
                for own, parked in zip(held.arrays(), held.parked.arrays() if held.parked else (), strict=False):
                    exchange(design, layer, each, own, parked)
        return replace(found, spares=spares)

    def copy(self) -> DeviceState:
        """One that shares no memory with this."""
        return replace(self, layers=(self.layers[0].copy(), self.layers[1].copy()))

    def count_start(self) -> None:
        """Count one more sequence that starts. Rule D17."""
        self.started = (self.started + 1) & SEQUENCE_MASK

    def count_probes(self, layer: Layer, samples: int) -> None:
        """Count samples of all tiles of a layer that belong to no sequence. Rule D17."""
        hidden, readout = (
            (count + samples * (each is layer)) & SEQUENCE_MASK for each, count in zip(Layer, self.probes, strict=True)
        )
        self.probes = hidden, readout

    def set_biases(self, design: DesignPoint, levels: tuple[NDArray[np.integer], NDArray[np.integer]]) -> None:
        """Take the digital biases, where the chip has some, from the last rows of the weights. Rule K5."""
        for layer, each in zip(self.layers, levels, strict=True):
            layer.biases = each[-1].astype(np.int64) if design.capabilities.digital_bias else None

    def calibrate(self, design: DesignPoint, chip: Chip) -> None:
        """Measure the offsets of all columns, and take them off from here on. Rule K2."""
        for which, layer in zip(Layer, self.layers, strict=True):
            count = samples_of(design, which)
            numbers = (self.probes[which] + np.arange(count)) & SEQUENCE_MASK
            layer.offsets = measured_offsets(design, chip, which, numbers)
            self.count_probes(which, count)

    @property
    def offsets(self) -> tuple[Integers, Integers] | None:
        """r of the columns of both layers; None where the chip has none. Rule K1."""
        hidden, readout = (layer.offsets for layer in self.layers)
        return None if hidden is None or readout is None else (hidden, readout)

    def with_offsets(self, offsets: tuple[Integers, Integers] | None) -> DeviceState:
        """The same devices with other offsets taken off; p, n, t and s are shared. Rule K1."""
        each = offsets or (None, None)
        hidden, readout = (replace(layer, offsets=one) for layer, one in zip(self.layers, each, strict=True))
        return replace(self, layers=(hidden, readout))

    def check(self, chip: Chip) -> DeviceState:
        """Return this state if a chip can have it.

        Raises:
            ValueError: shape, type or range is wrong; the message says what.
        """
        for made, layer in self._with_parked(chip):
            name = made.layer.name.lower()
            limits = {
                "p": (made.low, made.high), "n": (0, MOST_PULSES), "t": (0, MOST_TICKS),
                "s": (-MOST_TICKS, MOST_TICKS),
            }  # fmt: skip
            for field_name, (least, most) in limits.items():
                values = getattr(layer, field_name)
                if values.shape != made.shape or values.dtype != np.int64:
                    raise ValueError(
                        f"{field_name} of the {name} devices is {values.dtype} of shape {values.shape}; "
                        f"expected int64 of shape {made.shape}"
                    )
                if (values < least).any() or (values > most).any():
                    raise ValueError(f"{field_name} of some {name} device is beyond what that device can have")
        if self.fault_map:
            hidden, readout = (made.shape[1:] for made in chip.layers)
            check_fault_map(self.fault_map, (hidden, readout))
        if self.ageings < 0 or not 0 <= self.started <= SEQUENCE_MASK:
            raise ValueError(f"devices cannot have aged {self.ageings} times and started {self.started} sequences")
        if any(not 0 <= count <= SEQUENCE_MASK for count in self.probes):
            raise ValueError(f"tiles cannot have counted {self.probes[0]} and {self.probes[1]} probes")
        return self

    def age(self, chip: Chip, ticks: int) -> None:
        """Let time pass, all devices at once. Rule D11.

        Raises:
            ValueError: negative, or more than 2^47 − 1 ticks.
        """
        if not 0 <= ticks <= MOST_TICKS:
            raise ValueError(f"an age of {ticks} ticks is none: it is 0 … 2^47 − 1")
        self.ageings += 1
        for made, layer in self._with_parked(chip):
            layer.t = np.minimum(MOST_TICKS, layer.t + ticks)
            layer.s = slow_noise(chip.model, made, layer, self.ageings)

    def _with_parked(self, chip: Chip) -> Iterator[tuple[ChipLayer, LayerState]]:
        """Both layers, and what of them serves no column.

        Raises:
            ValueError: the state has devices of spares and the chip has none, or the other way round.
        """
        for made, layer in zip(chip.layers, self.layers, strict=True):
            yield made, layer
            if (made.parked is None) != (layer.parked is None):
                name = made.layer.name.lower()
                raise ValueError(f"devices of spare columns of the {name} layer are missing, or there should be none")
            if made.parked and layer.parked:
                yield made.parked, layer.parked

    def conductances(self, chip: Chip) -> tuple[Integers, Integers]:
        """What the devices of both layers conduct, (2, rows, columns) each, before any wire. Rule D10."""
        hidden, readout = (
            conducted(chip.model, made, layer) for made, layer in zip(chip.layers, self.layers, strict=True)
        )
        return hidden, readout


def shown(model: DeviceModel, index: NDArray[np.uint32], p: Integers, n: Integers) -> Integers:
    """v: what devices of these numbers show after a pulse. Rule D7."""
    if model.writes_noisily:
        word, _ = device_draw(model.seed, Purpose.WRITE, n, index)
        p = p + normals(word, value_at(model.write_noise, p, 0, model.full))
    return np.minimum(model.limit, np.maximum(0, p))


def log_time(t: Integers) -> Integers:
    """L: the base-two logarithm of ``t + 256`` ticks, less 8, in 2^−16. Rule D8."""
    u = np.asarray(t, np.int64) + (1 << TICK_BITS)
    # The exponent of a float64 is exact: u has fewer than 53 bits.
    highest = np.frexp(u.astype(np.float64))[1].astype(np.int64) - 1
    wide = np.maximum(0, highest - LOG_BITS)
    fraction = ((u >> wide) << np.maximum(0, LOG_BITS - highest)) - (1 << LOG_BITS)
    k = fraction >> TIME_TABLE_BITS
    below = _LOG[k]
    between = round_shift((_LOG[k + 1] - below) * (fraction & ((1 << TIME_TABLE_BITS) - 1)), TIME_TABLE_BITS)
    return ((highest - TICK_BITS) << LOG_BITS) + below + between


def drifted(model: DeviceModel, aging: Integers, v: Integers, t: Integers) -> Integers:
    """What time left of v. Rule D9."""
    if not model.drifts:
        return v
    spread = value_at(model.drift_spread, v, 0, model.full)
    exponent = value_at(model.drift, v, 0, model.full) + round_shift(spread * aging, AGING_BITS)
    y = (np.maximum(0, exponent) * log_time(t)) >> GAIN_BITS
    k, low = (y >> TIME_TABLE_BITS) & ((1 << TIME_TABLE_BITS) - 1), y & ((1 << TIME_TABLE_BITS) - 1)
    power = _POWER[k] + round_shift((_POWER[k + 1] - _POWER[k]) * low, TIME_TABLE_BITS)
    halvings = LOG_BITS + np.minimum(MOST_HALVINGS, y >> LOG_BITS)
    return (v * power + (1 << (halvings - 1))) >> halvings


def slow_noise(model: DeviceModel, made: ChipLayer, layer: LayerState, ageings: int) -> Integers:
    """s of every device after its t grew, with the number of this ageing. Rule D11."""
    if not any(model.slow_noise):
        return np.zeros(made.shape, np.int64)
    programmed = shown(model, made.index, layer.p, layer.n)
    left = drifted(model, made.aging, programmed, layer.t)
    word, _ = device_draw(model.seed, Purpose.SLOW, ageings, made.index)
    time = model.slow_base + ((log_time(layer.t) * NATURAL) >> (LOG_BITS + LOG_BITS - TICK_BITS))
    root = np.sqrt((time << TICK_BITS).astype(np.float64)).astype(np.int64)  # exact below 2^52
    share = value_at(model.slow_noise, programmed, 0, model.full)
    return normals(word, round_shift(round_shift(left * share, GAIN_BITS) * root, TICK_BITS))


def conducted(model: DeviceModel, made: ChipLayer, layer: LayerState) -> Integers:
    """g of every device of a layer, (2, rows, columns). Rules D7 to D10."""
    left = drifted(model, made.aging, shown(model, made.index, layer.p, layer.n), layer.t)
    return np.minimum(model.limit, np.maximum(0, left + layer.s))


def parked_conductance(model: DeviceModel, made: ChipLayer, layer: LayerState) -> Integers | None:
    """g of every device that serves no column, where the chip has spares. Rules D7 to D10 and Y5."""
    return conducted(model, made.parked, layer.parked) if made.parked and layer.parked else None


def at_rest(model: DeviceModel, conductance: Integers) -> NDArray[np.bool_]:
    """The sense flag of devices that a pulse need not lower. Rule D12."""
    return conductance <= model.rest + (model.level >> 1)


def is_full(model: DeviceModel, conductance: Integers) -> NDArray[np.bool_]:
    """The sense flag of devices that a pulse cannot raise. Rule D12."""
    return conductance >= model.sensed_full - (model.level >> 1)


def sense_pairs(
    model: DeviceModel, conductance: Integers, marked: NDArray[np.bool_] | None, weights: NDArray[np.intp]
) -> Sense:
    """The sense flags of pairs, with what a fault map says of them. Rules D12 and P4.

    Args:
        conductance: (2, pairs), what devices conduct.
        marked: (2, pairs), those that the map marks; None where there is no map.
        weights: (k,) indices of the pairs.
    """
    conducts = conductance.take(weights, axis=1)
    rest, full = at_rest(model, conducts), is_full(model, conducts)
    if marked is not None:
        marks = marked.take(weights, axis=1)
        rest |= marks
        full |= marks
    return Sense(rest[0], full[0], rest[1], full[1])
