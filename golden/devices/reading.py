"""A sample of a tile: from words and conductances to codes, with noise, converters and planes as they are.

Rules D14 to D18 and Y4. Sums are exact: they stay below 2^53, which `exact_limit` checks, so that float64 products are.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from remora.golden.devices.chip import LANE_OF_LAYER, ChipLayer
from remora.golden.devices.curves import Integers
from remora.spec.crossbar.layout import Layer, Tile
from remora.spec.devices.model import GAIN_BITS, OFFSET_BITS, PLANE_BITS, DeviceModel
from remora.spec.devices.tables import normal_table
from remora.spec.lib.fixed import round_shift, saturate
from remora.spec.lib.rng import Purpose, draw_pairs

VARIANCE_SHIFT = 30
"""Of a pair's variance. Rule D14."""
SQUARE_SHIFT = 22
"""Of a word's square. Rule D16."""
STEP_BITS = 16
"""A sample's index is ``step << n | column // 8``. Rule D17."""
COLUMNS_PER_DRAW = 8


@dataclass(frozen=True)
class Key:
    """What a sample draws its noise by. Rule D17.

    Attributes:
        sequence: the place of the sequence in the stream, or the number of the probe; (n,) or one for all samples.
        step: of the sequence; likewise.
        purpose: `Purpose.READ`, or `Purpose.PROBE` of samples that belong to no sequence.
    """

    sequence: ArrayLike
    step: ArrayLike = 0
    purpose: Purpose = Purpose.READ


def weights_and_variances(model: DeviceModel, conductance: Integers) -> tuple[Integers, Integers]:
    """w and q of pairs whose devices count as these conductances, (2, …). Rule D14."""
    positive, negative = conductance
    weight = positive - negative
    if not model.read_noise:
        return weight, np.zeros_like(weight)
    squares = positive * positive + negative * negative
    return weight, round_shift(squares * model.read_noise**2, VARIANCE_SHIFT)


def word_table(planes: Integers) -> tuple[Integers, Integers]:
    """What each word from −limit to limit counts as, and its square for the noise: μ and rs(μ², 22).

    Rules D15 and D16.

    Args:
        planes: (P,) 256 + the error of each plane of one tile.

    Returns:
        two arrays (2^(P+1) − 1,) int64, word 0 in their middle.
    """
    magnitudes = np.arange(1 << len(planes))
    bits = magnitudes[:, None] >> np.arange(len(planes)) & 1
    counted = bits @ (planes << np.arange(len(planes)))
    mu = np.concatenate([-counted[:0:-1], counted])
    return mu, round_shift(mu * mu, SQUARE_SHIFT)


@cache
def _normal_entries() -> NDArray[np.int16]:
    return np.array(normal_table(), np.int16)


def sample_normals(
    model: DeviceModel, layer: Layer, row_tile: int, first: int, columns: int, key: Key, samples: tuple[int, ...]
) -> NDArray[np.int16]:
    """z of samples, in 2^−6: ``(*samples, columns)`` int16. Rules D16 and D17.

    Args:
        first: column of the layer where the tile begins; ``columns``: how many it has.
        samples: shape to which ``key.sequence`` and ``key.step`` broadcast.
    """
    groups = np.arange(first // COLUMNS_PER_DRAW, -(-(first + columns) // COLUMNS_PER_DRAW))
    sequence = np.broadcast_to(np.asarray(key.sequence, np.int64), samples)[..., None]
    step = np.broadcast_to(np.asarray(key.step, np.int64), samples)[..., None]
    index = (step << STEP_BITS) + groups
    words = draw_pairs(model.seed, key.purpose, sequence, index, (layer << LANE_OF_LAYER) | row_tile)
    bytes_ = np.stack(tuple(words), axis=-1).astype("<u4", copy=False).view(np.uint8).reshape(*samples, -1)
    skipped = first - int(groups[0]) * COLUMNS_PER_DRAW
    return _normal_entries().take(bytes_)[..., skipped : skipped + columns]


def column_normals(
    model: DeviceModel,
    made: ChipLayer,
    row_tile: int,
    first: int,
    columns: int,
    key: Key,
    samples: tuple[int, ...],
) -> NDArray[np.int16]:
    """As `sample_normals`, of columns by the numbers of the bitlines that serve them. Rule Y4."""
    if made.draws_in_order:
        return sample_normals(model, made.layer, row_tile, first, columns, key, samples)
    every = sample_normals(model, made.layer, row_tile, 0, made.drawn_columns, key, samples)
    return every[..., made.bitlines[row_tile, first : first + columns]]


def exact_limit(words: Integers, matrix: Integers) -> None:
    """Check that a product of integers is exact in float64.

    Raises:
        ValueError: it may not be.
    """
    bound = int(np.abs(words).max(initial=0)) * int(np.abs(matrix).sum(axis=0).max(initial=0))
    if bound >= 1 << 53:
        raise ValueError(f"sums up to {bound} are not exact in float64")


def _product(words: Integers, matrix: Integers) -> Integers:
    exact_limit(words, matrix)
    return (words.astype(np.float64) @ matrix.astype(np.float64)).astype(np.int64)


def tile_codes(
    model: DeviceModel,
    made: ChipLayer,
    tile: Tile,
    conductance: Integers,
    words: NDArray[np.integer],
    key: Key,
    adc_shift: int,
    adc_limit: int,
) -> Integers:
    """Codes of samples of one tile: (n, columns of the tile). Rules D14 to D18.

    Args:
        conductance: (2, rows, columns) of the tile, what its wires leave.
        words: (n, rows) on its wordlines.
        adc_shift: s of the layer, from whole levels to codes; ``adc_limit``: O.
    """
    mu, square = word_table(made.planes[tile.row_tile])
    position = words.astype(np.int64) + len(mu) // 2
    return driven_codes(model, made, tile, conductance, mu[position], square[position], key, adc_shift, adc_limit)


def driven_codes(
    model: DeviceModel,
    made: ChipLayer,
    tile: Tile,
    conductance: Integers,
    counted: Integers,
    squares: Integers,
    key: Key,
    adc_shift: int,
    adc_limit: int,
) -> Integers:
    """As `tile_codes`, of what words count as: (n, rows) μ of rule D15, and ``squares``, rs(μ², 22)."""
    weight, variance = weights_and_variances(model, conductance)
    total = round_shift(_product(counted, weight), PLANE_BITS)
    converter = model.converter_noise[made.layer]
    if model.read_noise or converter:
        power = _product(squares, variance) + converter
        sigma = np.sqrt(power.astype(np.float64)).astype(np.int64)  # exact below 2^52
        samples = (len(counted),)
        total += sigma * column_normals(model, made, tile.row_tile, tile.first_column, tile.columns, key, samples)
    gain = made.gain[tile.row_tile, tile.column_slice]
    offset = made.offset[tile.row_tile, tile.column_slice]
    return converted(model, total, gain, offset, adc_shift, adc_limit)


def converted(
    model: DeviceModel, total: Integers, gain: Integers, offset: Integers, adc_shift: int, adc_limit: int
) -> Integers:
    """Codes that converters make of sums in grains: (n, columns). Rule D18.

    Args:
        total: (n, columns), with their noise.
        gain: (columns,) of each converter; ``offset``: likewise.
        adc_shift: s of the layer, from whole levels to codes; ``adc_limit``: O.
    """
    shift = adc_shift + (model.level - 1).bit_length()
    scaled = (total * ((1 << GAIN_BITS) + gain) >> GAIN_BITS) + ((offset << shift) >> OFFSET_BITS)
    return saturate(round_shift(scaled, shift), adc_limit)


def idle_codes(
    model: DeviceModel, made: ChipLayer, row_tile: int, adc_shift: int, adc_limit: int, noisy: bool = True
) -> Integers:
    """Codes that the converters of a row tile can give where no row is driven: (n, columns), each as likely.

    There are as many as the normal law has values; one where there is no noise, or ``noisy`` is false. Rules D16, D18.
    """
    sigma = int(model.converter_noise[made.layer] ** 0.5) if noisy else 0
    total = sigma * (_normal_entries() if sigma else np.zeros(1, np.int64)).astype(np.int64)[:, None]
    return converted(model, total, made.gain[row_tile], made.offset[row_tile], adc_shift, adc_limit)
