"""Which columns learn at once, which rows of them are rounded in one cycle, and where the accumulators of rows lie.

The atom of an update is a group of columns: a reset that waits lets it end, and progress speaks of whole groups.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from remora.spec.crossbar.layout import Layer

if TYPE_CHECKING:
    from remora.spec.crossbar.design import DesignPoint

ROUNDING_SLICES = 4
"""Rows that one draw of rule L15 serves."""


@dataclass(frozen=True)
class ColumnGroup:
    """``count`` columns of a layer that learn at once; ``first`` counts the readout's columns after the hidden ones."""

    layer: Layer
    first: int
    count: int


@cache
def column_groups(design: DesignPoint) -> tuple[ColumnGroup, ...]:
    """The groups of an update, in order.

    At most ``learning.columns`` columns each. A group of the hidden layer ends with a fold of the cell, whose codes are
    one word of the history.
    """
    hidden, classes, most = design.network.hidden, design.network.classes, design.learning.columns
    folds = [
        (Layer.HIDDEN, first, min(hidden, first + design.cell.lanes)) for first in range(0, hidden, design.cell.lanes)
    ]
    parts = [*folds, (Layer.READOUT, hidden, hidden + classes)]
    return tuple(
        ColumnGroup(layer, first, min(most, end - first))
        for layer, start, end in parts
        for first in range(start, end, most)
    )


def group_borders(design: DesignPoint) -> frozenset[int]:
    """How many columns of an update may be done when a reset has waited for it: those before a group, or all."""
    groups = column_groups(design)
    return frozenset({group.first for group in groups} | {groups[-1].first + groups[-1].count})


@cache
def rounded_rows(design: DesignPoint) -> int:
    """Rows that are rounded a cycle: so many that a group is rounded while the longest sequence is walked.

    A multiple of `ROUNDING_SLICES`, or all lanes where they are fewer.
    """
    lanes = design.learning_lanes
    unit = min(lanes, ROUNDING_SLICES)
    units = ceil(lanes / unit)
    return unit * min(units, ceil(design.learning.columns * units / design.network.max_steps))


def rounded_words(design: DesignPoint) -> int:
    """Cycles in which the rows of a fold of a column are rounded, which are the words of its accumulators."""
    return ceil(design.learning_lanes / rounded_rows(design))


@cache
def accumulator_rows(design: DesignPoint) -> NDArray[np.int64]:
    """Rows whose accumulators the words of a column hold, −1 where there is none: (words, `rounded_rows`).

    The words of a fold hold its lanes in order, lane 0 of the first word in the low bits.
    """
    lanes, rows = design.learning_lanes, rounded_rows(design)
    slots = np.arange(rounded_words(design) * rows)
    held = np.arange(design.learning_folds)[:, None] * lanes + slots
    held[(slots >= lanes) | (held >= design.hidden_rows)] = -1
    return held.reshape(-1, rows)
