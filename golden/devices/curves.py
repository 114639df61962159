"""Tables over the conductance, and draws of a device: what several device rules share.

Everything is exact in int64 arrays, elementwise over any shape.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from remora.spec.devices.model import Table
from remora.spec.devices.tables import KNOTS, POSITION_BITS
from remora.spec.lib.fixed import round_shift
from remora.spec.lib.rng import NORMAL_CENTRE, Purpose, draw_pair, draw_pairs, normal_integer

Integers = NDArray[np.int64]

STEP_BITS = 8
"""Two knots of a table lie 2^n apart."""
RECIPROCAL_BITS, POSITION_SHIFT = 28, 16
BYTE_SUM_DEVIATION = 147.8
"""Of the sum of four uniform bytes, as rule D19 rounds it."""


def at(conductance: ArrayLike, low: ArrayLike, high: ArrayLike) -> Integers:
    """Where a conductance lies between two others, 0 … 4096. Rule D3."""
    above: Integers = np.subtract(np.maximum(conductance, low), low)
    return np.minimum(1 << POSITION_BITS, (above * reciprocals(low, high)) >> POSITION_SHIFT)


def reciprocals(low: ArrayLike, high: ArrayLike) -> Integers:
    """1 over the distance of two conductances, in 2^−28. Rule D3."""
    return (1 << RECIPROCAL_BITS) // np.maximum(1, np.subtract(high, low))


def interpolate(table: Table, position: Integers) -> Integers:
    """The value of a table of knots at positions of rule D3."""
    knots = _array(table)
    before = np.minimum(KNOTS - 2, position >> STEP_BITS)
    first = knots[before]
    return first + round_shift((knots[before + 1] - first) * (position - (before << STEP_BITS)), STEP_BITS)


def value_at(table: Table, conductance: ArrayLike, low: ArrayLike, high: ArrayLike) -> Integers:
    """The value of a table of knots where a conductance lies between two others; most tables are the same all over."""
    if is_even(table):
        return np.asarray(table[0], np.int64)
    return interpolate(table, at(conductance, low, high))


def value_towards(
    tables: tuple[Table, Table],
    second: NDArray[np.bool_],
    conductance: Integers,
    low: Integers,
    high: Integers,
) -> Integers:
    """As `value_at`, each value of the first table, or of the second where ``second`` says so."""
    if tables[0] == tables[1]:
        return value_at(tables[0], conductance, low, high)
    if is_even(tables[0]) and is_even(tables[1]):
        return np.where(second, tables[1][0], tables[0][0])
    position = at(conductance, low, high)
    return np.where(second, *(interpolate(table, position) for table in reversed(tables)))


@cache
def is_even(table: Table) -> bool:
    """Whether a table has one value all over."""
    return len(set(table)) == 1


@cache
def _array(table: Table) -> Integers:
    return np.array(table, np.int64)


def normals(word: NDArray[np.uint32], amplitude: ArrayLike) -> Integers:
    """Nearly normal integers of these words, each of its own amplitude. Rule R5."""
    return normal_integer(word, amplitude)


def deviates(word: NDArray[np.uint32]) -> NDArray[np.float64]:
    """z of rule D19: the sum of a word's bytes, less its mean, over its deviation."""
    total = np.zeros(word.shape)
    for byte in range(4):
        total += word >> np.uint32(8 * byte) & np.uint32(0xFF)
    return (total - NORMAL_CENTRE) / BYTE_SUM_DEVIATION


def device_draw(seed: int, purpose: Purpose, sequence: ArrayLike, index: ArrayLike):
    """Both words of a draw of devices, by their numbers, which broadcast together. Rule D2."""
    sequence, index = np.asarray(sequence), np.asarray(index)
    if index.ndim == sequence.ndim == 1:
        return draw_pairs(seed, purpose, sequence, index)
    return draw_pair(seed, purpose, sequence, index)
