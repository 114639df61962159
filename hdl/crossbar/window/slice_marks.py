"""Slice marks: the marks of the fault map of the rows that the weight window programs."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.fault_marks import MarkedColumn
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import WINDOW_ROWS, Layer, layer_layout
from remora.spec.crossbar.learning import DEVICES_OF_PAIR
from remora.spec.lib.fixed import unsigned_width


class SliceMarks(wiring.Component):
    """``start`` reads the word of the selected column and keeps the marks of the slice's rows.

    Selection must stay until ``done``.

    Rules P4, M16 and W5.

    Ports:
        start: begins; only while nothing is under way.
        done: high for one cycle, the last; ``pos`` and ``neg`` are there from the next on.
        layer: 0 the hidden layer, 1 the readout.
        tile: of the layer.
        column: of the tile.
        slice: of the column.
        pos: rows whose g⁺ is marked, until the next ``start``.
        neg: rows whose g⁻ is marked, likewise.
        map: reads the fault map.

    Args:
        count: rows of a slice.
    """

    def __init__(self, design: DesignPoint, count: int) -> None:
        self.design, self.count = design, count
        most = max(tile.rows for layer in Layer for tile in layer_layout(design, layer).tiles)
        self._slices = -(-most // WINDOW_ROWS)
        super().__init__(
            {
                "start": In(1),
                "done": Out(1),
                "layer": In(1),
                "tile": In(8),
                "column": In(unsigned_width(design.crossbar.columns - 1)),
                "slice": In(unsigned_width(self._slices - 1)),
                "pos": Out(count),
                "neg": Out(count),
                "map": Out(MarkedColumn(design)),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        waits, bits = Signal(), DEVICES_OF_PAIR * self.count
        of_tile, of_slice = Signal(bits * self._slices), Signal(bits)
        m.d.comb += [
            self.map.read.eq(waits),
            self.done.eq(waits & self.map.valid),
            of_slice.eq(of_tile.word_select(self.slice, bits)),
        ]
        for layer in Layer:
            # Columns of the readout come after those of the hidden layer, and its rows are the last of a column.
            first_column, first_row = (
                (0, 0) if layer is Layer.HIDDEN else (self.design.network.hidden, self.design.network.features)
            )
            for tile in layer_layout(self.design, layer).tiles:
                start = DEVICES_OF_PAIR * (first_row + tile.first_row)
                with m.If((self.layer == layer) & (self.tile == tile.index)):
                    m.d.comb += [
                        self.map.column.eq(first_column + tile.first_column + self.column),
                        of_tile.eq(self.map.marks[start : start + DEVICES_OF_PAIR * tile.rows]),
                    ]
        with m.If(self.start):
            m.d.sync += waits.eq(1)
        with m.If(self.done):
            m.d.sync += [
                waits.eq(0),
                self.pos.eq(of_slice[0::DEVICES_OF_PAIR]),
                self.neg.eq(of_slice[1::DEVICES_OF_PAIR]),
            ]
        return m
