"""Thresholds of bistable cells in whole levels of the bitline sum: what is legal, and how they start."""

from __future__ import annotations

from math import isqrt

import numpy as np
from numpy.typing import NDArray

from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.rng import Purpose, draw

INITIAL_LOW, INITIAL_HIGH = 0.15, 0.5
"""Thresholds before training, in units of the model: those of a weight of 1 under a word of 1."""
_STREAM = 4
"""`sequence` of the draws; lower ones belong to `remora.golden.crossbar.weights`."""
EQUAL_EVERY = 5
"""Of random cells, so many have one with equal thresholds."""


def threshold_unit(design: DesignPoint) -> int:
    """Bitline sum of a weight of 1 under a word of 1, in whole levels."""
    return (design.formats.stream_limit + 1) << design.crossbar.level_bits


def check_thresholds(design: DesignPoint, thresholds: NDArray | None) -> None:
    """Refuse what the cells of a design point cannot hold: (2, hidden) integers, low above high.

    Rule B2.

    Raises:
        ValueError: they are missing or superfluous, or dtype, shape, range or order is wrong.
    """
    if not design.capabilities.bistable:
        if thresholds is not None:
            raise ValueError('thresholds belong to bistable cells; this design point has cell.kind = "miru"')
        return
    shape, limit = (2, design.network.hidden), design.threshold_limit
    if thresholds is None:
        raise ValueError(f'cell.kind = "bmru" needs thresholds of shape {shape}: low and high of every unit')
    if thresholds.shape != shape or not np.issubdtype(thresholds.dtype, np.integer):
        raise ValueError(
            f"thresholds are {thresholds.dtype} of shape {thresholds.shape}; expected integers of shape {shape}"
        )
    if thresholds.min() < -limit or thresholds.max() > limit:
        raise ValueError(f"thresholds span {thresholds.min()}…{thresholds.max()}; legal is {-limit}…{limit}")
    if (thresholds[0] > thresholds[1]).any():
        unit = int(np.argmax(thresholds[0] > thresholds[1]))
        low, high = thresholds[:, unit]
        raise ValueError(f"the thresholds of unit {unit} are low {low}, high {high}; low must not be above high")


def initial_thresholds(design: DesignPoint) -> NDArray[np.int32] | None:
    """Thresholds before training, the same of every cell, (2, hidden); None where there are no such cells. Rule H2."""
    if not design.capabilities.bistable:
        return None
    levels = np.rint(np.array([[INITIAL_LOW], [INITIAL_HIGH]]) * threshold_unit(design))
    return np.repeat(np.minimum(levels, design.threshold_limit).astype(np.int32), design.network.hidden, axis=1)


def random_thresholds(design: DesignPoint, seed: int) -> NDArray[np.int32] | None:
    """Thresholds among the sums that random weights and words give, some below 0 and some equal: for tests."""
    if not design.capabilities.bistable:
        return None
    spread = design.formats.stream_limit * design.crossbar.weight_limit * (isqrt(design.hidden_rows) + 1) // 4
    units = np.arange(design.network.hidden)
    low, width = (
        ((draw(seed, Purpose.INITIAL_WEIGHT, _STREAM, row, units).astype(np.int64) * spread) >> 32) for row in (0, 1)
    )
    low -= spread // 4
    high = np.where(units % EQUAL_EVERY == EQUAL_EVERY - 1, low, low + width)
    return np.clip([low, high], -design.threshold_limit, design.threshold_limit).astype(np.int32)
