"""The bistable cells with their currents as a port, which a design never has, and their thresholds' host."""

from __future__ import annotations

from amaranth.hdl import Module, ResetSignal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.cells.bistable_cells import BistableCell, BitlineCells, SettleControl, ThresholdHost
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.interfaces import pass_on
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, cell_groups, current_bits, layer_layout


class DrivenCells(wiring.Component):
    """``current``: of row tile r and column j in word r * columns + j; the rest as of ``BistableCell``."""

    def __init__(self, design: DesignPoint) -> None:
        self.design, self.layout = design, layer_layout(design, Layer.HIDDEN)
        super().__init__(
            {
                "current": In(current_bits(design) * self.layout.columns * self.layout.row_tiles),
                "control": In(SettleControl()),
                "host": In(ThresholdHost()),
                "state": Out(self.layout.columns),
                "words": Out((design.formats.stream_bits + 1) * self.layout.columns),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        cell, bits = add_submodule(m, "cell", BistableCell(self.design)), current_bits(self.design)
        pass_on(m, self.control, cell.control)
        pass_on(m, self.host, cell.host)

        def rail(row_tile: int, group):
            first = row_tile * self.layout.columns + group.first_column
            return self.current[bits * first : bits * (first + group.columns)]

        currents = [
            [rail(row_tile, group) for row_tile in range(self.layout.row_tiles)] for group in cell_groups(self.design)
        ]
        at_bitlines = BitlineCells(self.design).flip().create(path=("at_bitlines",))
        wiring.connect(m, cell.columns, at_bitlines)
        BistableCell.add_at_bitlines(m, self.design, currents, at_bitlines, ResetSignal())
        m.d.comb += [self.state.eq(at_bitlines.state), self.words.eq(cell.words)]
        return m
