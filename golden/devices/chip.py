"""One chip as it was made: the numbers of its devices, converters and planes, which no operation changes.

Rules D4, D19, D20, and Y4 to Y6.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from remora.golden.devices.curves import Integers, deviates, device_draw, normals
from remora.golden.devices.spares.exchange import exchange, exchange_converters, of_layer
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, Tile, layer_layout
from remora.spec.crossbar.spares.spare_map import SpareMap
from remora.spec.devices.model import GAIN_BITS, PLANE_BITS, DeviceModel, Manufacture, device_number, manufacture
from remora.spec.lib.fixed import round_shift
from remora.spec.lib.rng import Purpose, draw_pair

LEAST_GAIN = 64
"""Of a device's step, in 2^−12, so that every device moves."""
MOST_GAIN = 1 << 24
MOST_STRETCHED = 1 << 32
MOST_PULSES = (1 << 32) - 1
"""That are counted."""
FOR_EVER = MOST_PULSES
"""The endurance of a device that does not wear out."""
SHARE_WORD_BITS = 32
AGING_DEVIATION = 256
LANE_OF_LAYER = 15
"""A sample's lane is ``layer << n | row tile``. Rules D17 and D20."""
CHIPS = 4
"""Chips that are kept: making one takes as long as some sequences."""

NUMBERS = ("low", "high", "up", "down", "aging", "endurance")
"""The six numbers of rule D4, in this order in `ChipLayer.numbers`."""


@dataclass(frozen=True)
class ChipLayer:
    """The devices of one layer, and the converters and planes of its tiles. Side 0 is g⁺, side 1 is g⁻.

    Attributes:
        tiles: of the layer, in order.
        index: (2, rows, columns) uint32, numbers of the devices, by which they draw. Rule D2.
        numbers: (6, 2, rows, columns) int64, each device's `NUMBERS`.
        offset: (row tiles, columns) int64, of the converters, in 1/16 of a code.
        gain: (row tiles, columns) int64, of the converters, in 2^−12.
        planes: (row tiles, planes) int64, 256 + the error of each plane of words.
        bitlines: (row tiles, columns) int64, number of the bitline that serves each column, by which it draws. Rule Y4.
        parked: what serves no column, of the same shapes but for its columns, of one tile after the other; None where
            there are no spares. Rule Y5.
        spares: of each tile what its spares stand in for, as `SpareMap` has it.
    """

    layer: Layer
    tiles: tuple[Tile, ...]
    index: NDArray[np.uint32]
    numbers: Integers
    offset: Integers
    gain: Integers
    planes: Integers
    bitlines: Integers
    parked: ChipLayer | None = None
    spares: tuple[tuple[int, ...], ...] = ()

    @cached_property
    def draws_in_order(self) -> bool:
        """Whether every column draws by its own number."""
        return bool((self.bitlines == np.arange(self.bitlines.shape[1])).all())

    @property
    def drawn_columns(self) -> int:
        """Numbers of bitlines, those of spares among them."""
        return self.bitlines.shape[1] + (self.parked.bitlines.shape[1] if self.parked else 0)

    @cached_property
    def by_device(self) -> Integers:
        """(devices, 6), `numbers` of each together, by its flat index into (2, rows, columns)."""
        return np.ascontiguousarray(self.numbers.reshape(len(NUMBERS), -1).T)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(2, rows, columns)."""
        return self.index.shape

    def __getattr__(self, name: str) -> Integers:
        """One of `NUMBERS`: (2, rows, columns)."""
        if name in NUMBERS:
            return self.numbers[NUMBERS.index(name)]
        raise AttributeError(name)


@dataclass(frozen=True)
class Chip:
    """What rules D19 and D20 draw for a design point.

    Attributes:
        model: the integers of the device rules.
        layers: of the hidden layer and the readout.
        spares: what its spare columns stand in for; None where it has none.
    """

    model: DeviceModel
    layers: tuple[ChipLayer, ChipLayer]
    spares: SpareMap | None = None

    @classmethod
    def of(cls, design: DesignPoint, spares: SpareMap | None = None) -> Chip:
        """The chip that a design point describes; made once, its arrays cannot be written.

        Args:
            spares: what its spare columns stand in for; None: for none.
        """
        return _chip(design, spares or SpareMap.idle(design))


@lru_cache(CHIPS)
def _chip(design: DesignPoint, spares: SpareMap) -> Chip:
    if spares.used:
        return with_spares(design, _chip(design, SpareMap.idle(design)), spares)
    crossbar = design.crossbar
    spreads = manufacture(design.devices, crossbar.top_level, crossbar.fraction_bits)
    hidden, readout = (_layer(design, layer, spreads) for layer in Layer)
    return Chip(design.device_model(), (hidden, readout), spares if design.capabilities.spares else None)


def with_spares(design: DesignPoint, chip: Chip, spares: SpareMap) -> Chip:
    """The same chip where spare columns stand in for others. Rule Y5."""
    before = chip.spares or SpareMap.idle(design)
    layers = [_exchanged(design, made, before, spares) for made in chip.layers]
    return Chip(chip.model, (layers[0], layers[1]), spares)


def _exchanged(design: DesignPoint, made: ChipLayer, before: SpareMap, after: SpareMap) -> ChipLayer:
    if made.parked is None:
        return made
    own, parked = copied(made), copied(made.parked)
    for name in ("index", "numbers"):
        exchange(design, made.layer, before, getattr(own, name), getattr(parked, name))
        exchange(design, made.layer, after, getattr(own, name), getattr(parked, name))
    for name in ("offset", "gain", "bitlines"):
        exchange_converters(design, made.layer, before, getattr(own, name), getattr(parked, name))
        exchange_converters(design, made.layer, after, getattr(own, name), getattr(parked, name))
    return replace(own, parked=parked, spares=of_layer(design, made.layer, after))


def copied(made: ChipLayer) -> ChipLayer:
    """One whose arrays may be written."""
    names = ("index", "numbers", "offset", "gain", "planes", "bitlines")
    return replace(made, **{name: getattr(made, name).copy() for name in names})


def _layer(design: DesignPoint, layer: Layer, spreads: Manufacture) -> ChipLayer:
    layout, spares = layer_layout(design, layer), design.crossbar.spare_columns
    made = _bitlines(design, layer, spreads, np.arange(layout.columns))
    if not spares:
        return made
    numbers = layout.columns + np.arange(spares * layout.column_tiles)
    parked = _bitlines(design, layer, spreads, numbers)
    return replace(made, parked=parked, spares=of_layer(design, layer, SpareMap.idle(design)))


def _bitlines(design: DesignPoint, layer: Layer, spreads: Manufacture, numbers: NDArray[np.integer]) -> ChipLayer:
    """Bitlines of these numbers, in every row tile. Rules D19, D20, Y4 and Y6."""
    layout, model = layer_layout(design, layer), design.device_model()
    side, row, column = np.ogrid[:2, : layout.rows, : len(numbers)]
    index = device_number(layer, side, row, numbers[column]).astype(np.uint32)
    lanes = (layer << LANE_OF_LAYER) + np.arange(layout.row_tiles)[:, None]
    offset, gain = draw_pair(model.seed, Purpose.CONVERTER, 0, numbers, lanes)
    planes = design.formats.stream_bits if layer is Layer.HIDDEN else design.readout_planes
    error, _ = draw_pair(model.seed, Purpose.CONVERTER, 1, np.arange(planes), lanes)
    devices = device_numbers(model, spreads, index)
    dead, _ = draw_pair(model.seed, Purpose.CONVERTER, 2, numbers, lanes)
    of_rows = (dead.astype(np.int64) < spreads.dead_columns)[np.arange(layout.rows) // design.crossbar.rows]
    for name in ("low", "high", "endurance"):
        devices[NUMBERS.index(name)][:, of_rows] = 0
    made = ChipLayer(
        layer,
        layout.tiles,
        index,
        devices,
        normals(offset, spreads.converter_offset),
        normals(gain, spreads.converter_gain),
        (1 << PLANE_BITS) + normals(error, spreads.plane_error),
        np.broadcast_to(numbers.astype(np.int64), offset.shape).copy(),
    )
    for array in (made.index, made.numbers, made.offset, made.gain, made.planes, made.bitlines):
        array.flags.writeable = False
    return made


def device_numbers(model: DeviceModel, spreads: Manufacture, index: NDArray[np.uint32]) -> Integers:
    """The six `NUMBERS` of devices of these numbers: (6, …) int64. Rule D19."""
    words = [device_draw(model.seed, Purpose.DEVICE, sequence, index) for sequence in range(4)]
    up, down = _gains(spreads, *words[0])
    low, high = _bounds(model, spreads, *words[1])
    up, down = _anchored(model, spreads, up, down, low, high)
    endurance = _endurance(spreads, words[3][1])
    low, high, stuck = _stick(spreads, words[2], low, high)
    return np.stack([low, high, up, down, normals(words[3][0], AGING_DEVIATION), np.where(stuck, 0, endurance)])


def _gains(spreads: Manufacture, first: NDArray[np.uint32], second: NDArray[np.uint32]) -> tuple[Integers, Integers]:
    one = 1 << GAIN_BITS
    if spreads.lognormal:
        sigma = spreads.step_sigma
        with np.errstate(over="ignore"):
            exact = one * np.exp(np.minimum(sigma * deviates(first) - sigma * sigma / 2, np.log(MOST_GAIN)))
        gain = np.minimum(np.rint(exact), MOST_GAIN).astype(np.int64)
    else:
        gain = np.clip(one + normals(first, spreads.step_spread), LEAST_GAIN, MOST_GAIN)
    asymmetry = normals(second, spreads.direction_spread)
    up, down = (np.maximum(0, round_shift(gain * (one + sign * asymmetry), GAIN_BITS)) for sign in (1, -1))
    return up, down


def _bounds(
    model: DeviceModel, spreads: Manufacture, first: NDArray[np.uint32], second: NDArray[np.uint32]
) -> tuple[Integers, Integers]:
    low = model.rest + normals(first, spreads.rest_spread)
    high = model.full + normals(second, spreads.full_spread)
    if spreads.step_anchor:
        anchor = model.rest + spreads.step_anchor
        low, high = np.minimum(low, 2 * anchor - low), np.maximum(high, 2 * anchor - high)
    low, high = np.clip(low, 0, model.limit), np.clip(high, 0, model.limit)
    return low, np.maximum(low, high)


def _anchored(
    model: DeviceModel, spreads: Manufacture, up: Integers, down: Integers, low: Integers, high: Integers
) -> tuple[Integers, Integers]:
    """Gains of steps that keep their size at the anchor, whatever the bounds between which the curve stretches."""
    if not spreads.step_anchor:
        return up, down
    below, span = spreads.step_anchor, model.full - model.rest
    above, anchor = span - below, model.rest + below
    found = []
    for gain, reach, share in ((up, high - anchor, above), (down, anchor - low, below)):
        stretched = np.minimum(MOST_STRETCHED, gain * (high - low) // np.maximum(1, reach))
        found.append(np.minimum(MOST_GAIN, stretched * share // span))
    return found[0], found[1]


def _stick(
    spreads: Manufacture, words: tuple[NDArray[np.uint32], NDArray[np.uint32]], low: Integers, high: Integers
) -> tuple[Integers, Integers, NDArray[np.bool_]]:
    """Bounds of all devices, those that are stuck having none, and which are stuck."""
    rest = spreads.stuck_rest
    full = rest + spreads.stuck_full
    corrupt = full + spreads.corrupt
    which, where = (word.astype(np.int64) for word in words)
    anywhere = low + ((where * (high - low + 1)) >> SHARE_WORD_BITS)
    stuck_at = np.select([which < rest, which < full], [low, high], anywhere)
    stuck = which < corrupt
    return np.where(stuck, stuck_at, low), np.where(stuck, stuck_at, high), stuck


def _endurance(spreads: Manufacture, word: NDArray[np.uint32]) -> Integers:
    if not spreads.endurance:
        return np.full(word.shape, FOR_EVER)
    with np.errstate(over="ignore"):
        exact = spreads.endurance * 10.0 ** (spreads.endurance_spread * deviates(word))
    # 0 is that of a device that is stuck from the start.
    return np.clip(np.rint(exact), 1, FOR_EVER).astype(np.int64)
