"""The calibration of offsets: which columns are read together, how often, and the cycles that it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from remora.spec.crossbar.layout import Layer, layer_layout
from remora.spec.lib.fixed import signed_width

if TYPE_CHECKING:
    from remora.spec.crossbar.design import DesignPoint

MEAN_BITS = 3
SAMPLES = 1 << MEAN_BITS
"""Samples of a group of columns that are averaged. Rule K2."""
COLUMN_BITS = 11
"""Bits that name a column of a layer in the registers."""


def columns_together(design: DesignPoint, layer: Layer) -> int:
    """Columns of a group: the lanes of the cell, one of the readout. Rule K2."""
    return design.cell.lanes if layer is Layer.HIDDEN else 1


def groups_of(design: DesignPoint, layer: Layer) -> int:
    """Groups of columns of a layer. Rule K2."""
    return -(-layer_layout(design, layer).columns // columns_together(design, layer))


def total_bits(design: DesignPoint) -> int:
    """Width of the sum of a column's samples, two's complement."""
    return signed_width(SAMPLES * design.formats.adc_limit)


def calibration_cycles(design: DesignPoint) -> int:
    """Cycles of a calibration, from the start to its end, without stretches (``hdl/crossbar/correction``).

    IDLE; of each group its samples, READ until the codes are there and TAKE, and STORE; DONE.
    """
    groups = sum(groups_of(design, layer) for layer in Layer)
    return 1 + groups * (SAMPLES * (design.cycles.idle_read + 1) + 1) + 1
