"""The bistable cells with their currents as a port, which a design never has, and their thresholds' host."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.cells.bistable_cells import CELL_HOST_MEMBERS, CellThresholds, add_cells
from remora.hdl.lib.hierarchy import add_submodule
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, cell_groups, current_bits, layer_layout


class DrivenCells(wiring.Component):
    """``current``: of row tile r and column j in word r * columns + j; the rest as of ``add_cells`` and
    ``CellThresholds``."""

    def __init__(self, design: DesignPoint) -> None:
        self.design, self.layout = design, layer_layout(design, Layer.HIDDEN)
        super().__init__(
            {
                "current": In(current_bits(design) * self.layout.columns * self.layout.row_tiles),
                "clear": In(1),
                "settle": In(1),
                "state": Out(self.layout.columns),
                **CELL_HOST_MEMBERS,
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        thresholds, bits = add_submodule(m, "thresholds", CellThresholds(self.design)), current_bits(self.design)
        for name, member in CELL_HOST_MEMBERS.items():
            outside, inside = getattr(self, name), getattr(thresholds, name)
            m.d.comb += inside.eq(outside) if member.flow is In else outside.eq(inside)

        def rail(row_tile: int, group):
            first = row_tile * self.layout.columns + group.first_column
            return self.current[bits * first : bits * (first + group.columns)]

        currents = [
            [rail(row_tile, group) for row_tile in range(self.layout.row_tiles)] for group in cell_groups(self.design)
        ]
        m.d.comb += self.state.eq(add_cells(m, self.design, currents, self.clear, self.settle, thresholds.cells))
        return m
