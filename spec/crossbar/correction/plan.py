"""The calibration of offsets: which columns are read together, how often, and the cycles that it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from remora.spec.crossbar.layout import Layer, adc_shift, bias_word, layer_layout
from remora.spec.lib.fixed import round_shift, signed_width

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


def bias_bits(design: DesignPoint) -> int:
    """Width of a digital bias, two's complement. Rule K5."""
    return signed_width(design.crossbar.weight_limit)


def added_bits(design: DesignPoint) -> int:
    """Width of what is added to a code, two's complement: an offset, a digital bias, or both. Rules K1 and K5."""
    capabilities, most = design.capabilities, 0
    if capabilities.calibrates:
        most += design.formats.adc_limit + 1
    if capabilities.digital_bias:
        largest = bias_word(design, Layer.HIDDEN) * design.crossbar.weight_limit
        most += max(int(round_shift(largest, adc_shift(design, layer))) for layer in Layer)
    return signed_width(most)


def calibration_cycles(design: DesignPoint) -> int:
    """Cycles of a calibration, from the start to its end, without stretches (``hdl/crossbar/correction``).

    IDLE; of each group its samples, READ until the codes are there and TAKE, and STORE; DONE.
    """
    groups = sum(groups_of(design, layer) for layer in Layer)
    return 1 + groups * (SAMPLES * (design.cycles.idle_read + 1) + 1) + 1
