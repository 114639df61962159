"""The codes of all row tiles as one port, which no design has, before what adds them and before the decision."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from remora.hdl.crossbar.adc_interface import add_row_tiles
from remora.hdl.crossbar.decision import Decision
from remora.hdl.lib.columns import ConvertedColumns
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.interfaces import pass_on
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, layer_layout


def codes_bits(design: DesignPoint, layer: Layer) -> int:
    """Bits of the codes of all row tiles."""
    layout = layer_layout(design, layer)
    return design.formats.adc_bits * layout.columns * layout.row_tiles


class AddedRowTiles(wiring.Component):
    """``codes``: of row tile r and column j in word r * columns + j; the rest as of ``add_row_tiles``."""

    def __init__(self, design: DesignPoint, layer: Layer, lanes: int) -> None:
        self.design, self.layer, self.lanes = design, layer, lanes
        super().__init__(
            {
                "codes": In(codes_bits(design, layer)),
                "columns": In(ConvertedColumns(design, layer, lanes)),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        layout = layer_layout(self.design, self.layer)
        row_tiles = [
            self.codes.word_select(index, self.design.formats.adc_bits * layout.columns)
            for index in range(layout.row_tiles)
        ]
        add_row_tiles(m, self.design, self.layer, self.lanes, row_tiles, self.columns)
        return m


class DecidedCodes(wiring.Component):
    """The decision behind the readout's row tiles: its ports, and ``codes`` as of ``AddedRowTiles``."""

    def __init__(self, design: DesignPoint) -> None:
        self.design, self._decision = design, Decision(design)
        members = self._decision.signature.members
        self._passed = [name for name in members if name not in ("control", "columns")]
        codes = In(codes_bits(design, Layer.READOUT))
        super().__init__(
            {"codes": codes, "control": members["control"], **{name: members[name] for name in self._passed}}
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        decision = add_submodule(m, "decider", self._decision)
        added = add_submodule(m, "added", AddedRowTiles(self.design, Layer.READOUT, 1))
        pass_on(m, self.control, decision.control)
        wiring.connect(m, decision.columns, added.columns)
        m.d.comb += [added.codes.eq(self.codes), *(getattr(self, n).eq(getattr(decision, n)) for n in self._passed)]
        return m
