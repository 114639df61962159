"""Weight window: programs one crossbar column to given weights, verifies it, and reads it back."""

from __future__ import annotations

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.crossbar.column_probe import ColumnProbe, probe_port
from remora.hdl.lib.fixed import count_ones, magnitude
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.macros.program_port import program_port
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, layer_layout
from remora.spec.lib.fixed import unsigned_width

ROWS_PER_WORD = 4
WEIGHT_BITS = 8


HOST_MEMBERS = {
    "layer": In(1),
    "tile": In(8),
    "column": In(16),
    "selection_valid": Out(1),
    "pointer": In(16),
    "data_write": In(1),
    "data_value": In(32),
    "data_strobes": In(4),
    "data_read_value": Out(32),
    "commit": In(1),
    "read": In(1),
    "busy": Out(1),
    "done": Out(1),
    "failed": Out(1),
    "mismatches": Out(16),
}
"""What the registers drive and read, through the levels between."""


class WeightWindow(wiring.Component):
    """Holds one column of weights, a signed byte a row; the host fills and reads it four rows at a time.

    ``data_write`` stores the bytes of ``data_value`` that ``data_strobes`` selects at rows ``pointer … pointer + 3``
    (the low two bits of the pointer are ignored, rows beyond the tile are kept but not used); ``data_read_value``
    shows those rows.

    ``commit`` on a valid selection erases the selected column to rest, pulses each pair up to its weight (canonical:
    one side stays at rest), reads the column back and compares. ``read`` only reads back, into the window. ``busy`` is
    high from the next cycle until the end, when ``done`` is high for one cycle, with ``failed`` if a device does not
    hold its weight; ``mismatches`` counts these rows. ``pulses``: device pulses launched in this cycle.

    The engine must be idle from ``commit`` or ``read`` until ``done``: the window drives the crossbars.

    Rules X7 and P1.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        self.rows = max(tile.rows for layer in Layer for tile in layer_layout(design, layer).tiles)
        self.words = -(-self.rows // ROWS_PER_WORD)
        super().__init__(
            {
                **HOST_MEMBERS,
                "pulses": Out(range(self.rows + 1)),
                "program_hidden": Out(program_port(design)),
                "program_readout": Out(program_port(design)),
                "probe": Out(probe_port(design)),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        rows = self.rows
        probe = add_submodule(m, "probe", ColumnProbe(self.design))
        wiring.connect(m, wiring.flipped(self.probe), probe.crossbars)

        weights = [Signal(signed(WEIGHT_BITS), name=f"weight_{row}") for row in range(rows)]
        self._host_access(m, weights, probe)
        in_tile, selection = self._selection(m)
        m.d.comb += [
            self.selection_valid.eq(selection),
            probe.layer.eq(self.layer),
            probe.tile.eq(self.tile),
        ]

        at_rest_pos, at_rest_neg, any_busy = Signal(rows), Signal(rows), Signal()
        up, down, side, pulse = Signal(rows), Signal(rows), Signal(rows), Signal()
        self._connect_program(m, at_rest_pos, at_rest_neg, any_busy, up, down, side, pulse)

        limit = self.design.crossbar.weight_limit
        # An erase needs at most one pass over each side; a stuck device must not hold the window for ever.
        round_ = Signal(range(2 * limit + 1))
        row = Signal(unsigned_width(rows - 1))
        verifying = Signal()
        m.d.comb += [
            self.pulses.eq(Mux(pulse, count_ones(up | down), 0)),
            probe.row.eq(row),
            self.failed.eq(self.done & (self.mismatches != 0)),
        ]

        with m.FSM() as fsm:
            m.d.comb += self.busy.eq(~fsm.ongoing("IDLE"))
            with m.State("IDLE"):
                m.d.sync += [round_.eq(0), row.eq(0)]
                with m.If(self.commit | self.read):
                    m.d.sync += [verifying.eq(self.commit), self.mismatches.eq(0)]
                    m.next = "PROBE"
                with m.If(self.commit):
                    m.next = "ERASE"
            with m.State("ERASE"):
                m.d.comb += [down.eq(~(at_rest_pos & at_rest_neg) & in_tile), side.eq(at_rest_pos)]
                with m.If(~any_busy):
                    m.d.sync += round_.eq(round_ + 1)
                    with m.If(down.any() & (round_ < 2 * limit)):
                        m.d.comb += pulse.eq(1)
                    with m.Else():
                        m.d.sync += round_.eq(0)
                        m.next = "RAISE"
            with m.State("RAISE"):
                m.d.comb += [
                    up.eq(Cat(*(magnitude(weight) > round_ for weight in weights)) & in_tile),
                    side.eq(Cat(*(weight < 0 for weight in weights))),
                ]
                with m.If(~any_busy):
                    m.d.sync += round_.eq(round_ + 1)
                    with m.If(up.any() & (round_ < limit)):
                        m.d.comb += pulse.eq(1)
                    with m.Else():
                        m.next = "PROBE"
            with m.State("PROBE"):
                # A reset ends a commit, but not the pulse that it launched.
                m.d.comb += probe.start.eq(~any_busy)
                with m.If(~any_busy):
                    m.next = "COMPARE"
            with m.State("COMPARE"):
                with m.If(probe.done):
                    m.d.sync += row.eq(row + 1)
                    m.next = "PROBE"
                    with m.If(verifying & (probe.weight != Array(weights)[row])):
                        m.d.sync += self.mismatches.eq(self.mismatches + 1)
                    with m.If(probe.last):
                        m.next = "DONE"
            with m.State("DONE"):
                m.d.comb += self.done.eq(1)
                m.next = "IDLE"

        # Read-back replaces what the host wrote, a row at a time.
        for index, weight in enumerate(weights):
            with m.If(probe.done & ~verifying & (row == index)):
                m.d.sync += weight.eq(probe.weight)
        return m

    def _host_access(self, m: Module, weights: list[Signal], probe: ColumnProbe) -> None:
        word = self.pointer[2:]
        bytes_ = [*weights, *(Const(0, WEIGHT_BITS) for _ in range(self.words * ROWS_PER_WORD - self.rows))]
        m.d.comb += self.data_read_value.eq(Cat(*bytes_).word_select(word, 32))
        for index, weight in enumerate(weights):
            lane = index % ROWS_PER_WORD
            with m.If(self.data_write & self.data_strobes[lane] & (word == index // ROWS_PER_WORD)):
                m.d.sync += weight.eq(self.data_value.word_select(lane, WEIGHT_BITS))

    def _selection(self, m: Module):
        """Rows that the selected tile has, and whether the selection names a tile and a column that exist."""
        in_tile, valid = Signal(self.rows), Signal()
        for layer in Layer:
            for tile in layer_layout(self.design, layer).tiles:
                with m.If((self.layer == layer) & (self.tile == tile.index)):
                    m.d.comb += [in_tile.eq((1 << tile.rows) - 1), valid.eq(self.column < tile.columns)]
        return in_tile, valid

    def _connect_program(self, m: Module, at_rest_pos, at_rest_neg, any_busy, up, down, side, pulse) -> None:
        m.d.comb += any_busy.eq(self.program_hidden.busy | self.program_readout.busy)
        for layer, port in ((Layer.HIDDEN, self.program_hidden), (Layer.READOUT, self.program_readout)):
            m.d.comb += [
                port.tile.eq(self.tile),
                port.column.eq(self.column),
                port.up.eq(up),
                port.down.eq(down),
                port.side.eq(side),
            ]
            with m.If(self.layer == layer):
                m.d.comb += [port.pulse.eq(pulse), at_rest_pos.eq(port.pos_rest), at_rest_neg.eq(port.neg_rest)]
