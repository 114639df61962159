"""The converted columns of a layer, fold by fold: who asks for them, when a cell takes them, and what it took."""

from __future__ import annotations

from math import ceil

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, layer_layout
from remora.spec.lib.fixed import unsigned_width


def folds(design: DesignPoint, layer: Layer, lanes: int) -> int:
    """Groups of ``lanes`` columns that a layer has."""
    return ceil(layer_layout(design, layer).columns / lanes)


def lanes_of(design: DesignPoint, layer: Layer) -> int:
    """Columns of a layer that the core takes at once: the cell takes its lanes, the decision one."""
    return design.cell.lanes if layer is Layer.HIDDEN else 1


class ConvertedColumns(wiring.Signature):
    """The codes of a layer, a group of columns at a time, seen from who takes them.

    Ports:
        fold: the group that is asked for.
        code: the group's columns, summed over the row tiles, ``adc_bits`` each, in the same cycle.
        saturations: how many codes of the group's tiles are at full scale, in the same cycle.

    Args:
        lanes: columns of a group; None: as many as the core takes of this layer.
    """

    def __init__(self, design: DesignPoint, layer: Layer, lanes: int | None = None) -> None:
        lanes = lanes or lanes_of(design, layer)
        super().__init__(
            {
                "fold": Out(unsigned_width(folds(design, layer, lanes) - 1)),
                "code": In(design.formats.adc_bits * lanes),
                "saturations": In(range(lanes * layer_layout(design, layer).row_tiles + 1)),
            }
        )


class FoldControl(wiring.Signature):
    """Strobes of a cell that takes converted columns fold by fold, seen from the sequencer.

    Ports:
        read: the states of ``read_fold`` are read, so that ``issue`` can take them from the next cycle on.
        read_context: whose states are read.
        read_fold: the group of ``lanes`` units that is issued next.
        issue: the columns of ``fold`` are valid, and the cell takes them.
        context_index: whose states they update.
        fold: the group of ``lanes`` units.
        first: the first step of a sequence, which starts from states of 0.
        last: the last step of a sequence, whose words are for the readout.
    """

    def __init__(self, design: DesignPoint) -> None:
        super().__init__(
            {
                "read": Out(1),
                "read_context": Out(unsigned_width(design.system.contexts - 1)),
                "read_fold": Out(unsigned_width(design.folds - 1)),
                "issue": Out(1),
                "context_index": Out(unsigned_width(design.system.contexts - 1)),
                "fold": Out(unsigned_width(design.folds - 1)),
                "first": Out(1),
                "last": Out(1),
            }
        )


class CommittedCodes(wiring.Signature):
    """The codes whose states are stored at the end of this cycle, seen from the cell.

    Ports:
        valid: there are some.
        fold: their group of units.
        code: ``lanes`` codes.
    """

    def __init__(self, design: DesignPoint) -> None:
        super().__init__(
            {
                "valid": Out(1),
                "fold": Out(unsigned_width(design.folds - 1)),
                "code": Out(design.formats.adc_bits * design.cell.lanes),
            }
        )
