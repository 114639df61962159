"""Column group: where the columns lie that learn at once."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, layer_layout
from remora.spec.lib.fixed import unsigned_width


class GroupPosition(wiring.Signature):
    """The position of a group of columns, seen from who keeps it.

    Ports:
        readout: the columns are the readout's.
        count: how many columns, 1 … ``learning.columns``.
        column: the first one, counting both layers through.
        column_of_layer: the first one, counting anew in each layer.
        column_tile: the column of tiles in which the first one lies.
        column_of_tile: its position in that.
        code_fold: the fold of the cell that has the codes of all of them.
        code_lane: the first one's lane in that fold.
    """

    def __init__(self, design: DesignPoint) -> None:
        network = design.network
        column_tiles = max(layer_layout(design, layer).column_tiles for layer in Layer)
        super().__init__(
            {
                "readout": Out(1),
                "count": Out(unsigned_width(design.learning.columns)),
                "column": Out(range(network.hidden + network.classes + 1)),
                "column_of_layer": Out(unsigned_width(max(network.hidden, network.classes) - 1)),
                "column_tile": Out(unsigned_width(column_tiles - 1)),
                "column_of_tile": Out(unsigned_width(design.crossbar.columns - 1)),
                "code_fold": Out(unsigned_width(design.folds - 1)),
                "code_lane": Out(unsigned_width(design.cell.lanes - 1)),
            }
        )


class ColumnGroup(wiring.Component):
    """The groups of :func:`remora.spec.crossbar.column_groups.column_groups`, one after the other.

    Ports:
        restart: goes to the first group.
        next_group: goes to the next group, a column a cycle.
        moving: high from the cycle after ``next_group`` until ``position`` is that of the next group.
        ended: there is no further group.
        position: where the group lies, while not ``moving``.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        super().__init__(
            {
                "restart": In(1),
                "next_group": In(1),
                "moving": Out(1),
                "ended": Out(1),
                "position": Out(GroupPosition(design)),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        design, network, position = self.design, self.design.network, self.position
        of_layer = (
            position.column_of_layer,
            position.column_tile,
            position.column_of_tile,
            position.code_fold,
            position.code_lane,
        )
        left, most = Signal.like(position.count), design.learning.columns
        m.d.comb += [self.moving.eq(left != 0), position.count.eq(self._count(most))]
        with m.If(self.next_group):
            m.d.sync += left.eq(position.count)
        with m.If(self.moving):
            m.d.sync += [
                left.eq(left - 1),
                position.column.eq(position.column + 1),
                position.column_of_layer.eq(position.column_of_layer + 1),
            ]
            next_of_tile(m, design, position.column_tile, position.column_of_tile)
            with m.If(position.code_lane == design.cell.lanes - 1):
                m.d.sync += [position.code_lane.eq(0), position.code_fold.eq(position.code_fold + 1)]
            with m.Else():
                m.d.sync += position.code_lane.eq(position.code_lane + 1)
            with m.If(position.column_of_layer == Mux(position.readout, network.classes - 1, network.hidden - 1)):
                m.d.sync += [
                    position.readout.eq(1),
                    self.ended.eq(position.readout),
                    *(each.eq(0) for each in of_layer),
                ]
        with m.If(self.restart):
            m.d.sync += [
                position.readout.eq(0),
                self.ended.eq(0),
                position.column.eq(0),
                *(each.eq(0) for each in of_layer),
            ]
        return m

    def _count(self, most: int):
        """Columns up to the end of the layer and, in the hidden layer, of the fold of the cell."""
        network, position = self.design.network, self.position
        if most == 1:
            return Const(1)
        of_layer = Mux(position.readout, network.classes, network.hidden) - position.column_of_layer
        of_fold = self.design.cell.lanes - position.code_lane
        count = Mux(of_layer < most, of_layer, most)
        return Mux(~position.readout & (of_fold < count), of_fold, count)[: len(position.count)]


def next_of_tile(m: Module, design: DesignPoint, column_tile: Signal, column_of_tile: Signal) -> None:
    """Go to the next column of a layer's tiles."""
    with m.If(column_of_tile == design.crossbar.columns - 1):
        m.d.sync += [column_of_tile.eq(0), column_tile.eq(column_tile + 1)]
    with m.Else():
        m.d.sync += column_of_tile.eq(column_of_tile + 1)
