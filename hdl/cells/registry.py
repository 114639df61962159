"""The cells that there are, by ``cell.kind`` of the design point."""

from __future__ import annotations

from remora.hdl.cells.bistable_cells import BistableCell
from remora.hdl.cells.cell import Cell
from remora.hdl.cells.miru_cell import MiruCell
from remora.spec.crossbar.design import DesignPoint

CELLS: dict[str, type[Cell]] = {
    "miru": MiruCell,
    "bmru": BistableCell,
}


def cell_class(design: DesignPoint) -> type[Cell]:
    """The cell of a design point."""
    return CELLS[design.cell.kind]
