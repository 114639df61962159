"""One chip as it was made: the numbers of its devices, converters and planes, which no operation changes.

Rules D4, D19 and D20.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from remora.golden.devices.curves import Integers, deviates, device_draw, normals
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, Tile, layer_layout
from remora.spec.devices.model import GAIN_BITS, PLANE_BITS, DeviceModel, Manufacture, device_number, manufacture
from remora.spec.lib.fixed import round_shift
from remora.spec.lib.rng import Purpose, draw_pair

LEAST_GAIN = 64
"""Of a device's step, in 2^−12, so that every device moves."""
MOST_GAIN = 1 << 24
MOST_STRETCHED = 1 << 32
FOR_EVER = (1 << 32) - 1
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
    """

    layer: Layer
    tiles: tuple[Tile, ...]
    index: NDArray[np.uint32]
    numbers: Integers
    offset: Integers
    gain: Integers
    planes: Integers

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
    """

    model: DeviceModel
    layers: tuple[ChipLayer, ChipLayer]

    @classmethod
    def of(cls, design: DesignPoint) -> Chip:
        """The chip that a design point describes; made once, its arrays cannot be written."""
        return _chip(design)


@lru_cache(CHIPS)
def _chip(design: DesignPoint) -> Chip:
    crossbar = design.crossbar
    spreads = manufacture(design.devices, crossbar.top_level, crossbar.fraction_bits)
    return Chip(design.device_model(), (_layer(design, Layer.HIDDEN, spreads), _layer(design, Layer.READOUT, spreads)))


def _layer(design: DesignPoint, layer: Layer, spreads: Manufacture) -> ChipLayer:
    layout, model = layer_layout(design, layer), design.device_model()
    side, row, column = np.ogrid[:2, : layout.rows, : layout.columns]
    index = device_number(layer, side, row, column).astype(np.uint32)
    lanes = (layer << LANE_OF_LAYER) + np.arange(layout.row_tiles)[:, None]
    offset, gain = draw_pair(model.seed, Purpose.CONVERTER, 0, np.arange(layout.columns), lanes)
    planes = design.formats.stream_bits if layer is Layer.HIDDEN else design.readout_planes
    error, _ = draw_pair(model.seed, Purpose.CONVERTER, 1, np.arange(planes), lanes)
    made = ChipLayer(
        layer,
        layout.tiles,
        index,
        device_numbers(model, spreads, index),
        normals(offset, spreads.converter_offset),
        normals(gain, spreads.converter_gain),
        (1 << PLANE_BITS) + normals(error, spreads.plane_error),
    )
    for array in (made.index, made.numbers, made.offset, made.gain, made.planes):
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
