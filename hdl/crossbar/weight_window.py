"""Weight window: programs a slice of a crossbar column to given weights, verifies it, and reads it back."""

from __future__ import annotations

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.crossbar.bring_up.stretch import PlaneStretch
from remora.hdl.crossbar.column_probe import ColumnProbe, ProbePort
from remora.hdl.lib.fixed import count_ones, magnitude
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.interfaces import pass_on
from remora.hdl.macros.program_port import ProgramPort
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import ROWS_PER_WORD, WINDOW_ROWS, Layer, layer_layout
from remora.spec.lib.fixed import unsigned_width

WEIGHT_BITS = 8
SLICE_BITS = 7


class WindowHost(wiring.Signature):
    """The way to the weights, seen from the registers.

    Ports:
        layer: selects 0 the hidden layer, 1 the readout.
        tile: selects a tile of the layer.
        column: selects a column of the tile.
        slice: selects ``WINDOW_ROWS`` rows of the column; the last slice of a tile may have fewer.
        selection_valid: there is such a tile, column and slice.
        pointer: the first of four rows of the slice; its low two bits are ignored.
        data_write: stores bytes of ``data_value`` at rows ``pointer … pointer + 3`` of the slice; those beyond the
            tile are kept but not used, and there are none beyond ``WINDOW_ROWS``.
        data_value: four weights, a signed byte each.
        data_strobes: the bytes that are stored.
        data_read_value: the four rows as they are.
        commit: programs the selected slice, which must be valid, and verifies it.
        read: reads the selected slice, which must be valid, into the window.
        busy: high from the cycle after ``commit`` or ``read`` until the end.
        done: high for one cycle at the end.
        failed: with ``done``, a device does not hold its weight.
        mismatches: how many rows do not.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "layer": Out(1),
                "tile": Out(8),
                "column": Out(16),
                "slice": Out(SLICE_BITS),
                "selection_valid": In(1),
                "pointer": Out(16),
                "data_write": Out(1),
                "data_value": Out(32),
                "data_strobes": Out(4),
                "data_read_value": In(32),
                "commit": Out(1),
                "read": Out(1),
                "busy": In(1),
                "done": In(1),
                "failed": In(1),
                "mismatches": In(16),
            }
        )


class WeightWindow(wiring.Component):
    """Holds a slice of a column of weights, a signed byte a row; the host fills and reads it four rows at a time.

    ``host.commit`` erases the selected rows to rest, pulses each pair up to its weight (canonical: one side stays at
    rest), reads them back and compares. ``host.read`` only reads back, into the window.

    The engine must be idle from ``commit`` or ``read`` until ``done``: the window drives the crossbars.

    Rules X7 and P1.

    Ports:
        host: what the registers set and read.
        stretch: of the reading of a device.
        pulses: device pulses launched in this cycle.
        program_hidden: programs the hidden layer.
        program_readout: programs the readout.
        probe: reads single devices.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        most = max(tile.rows for layer in Layer for tile in layer_layout(design, layer).tiles)
        self.rows, self.slices = min(most, WINDOW_ROWS), -(-most // WINDOW_ROWS)
        self.words = -(-self.rows // ROWS_PER_WORD)
        super().__init__(
            {
                "host": In(WindowHost()),
                "stretch": In(PlaneStretch()),
                "pulses": Out(range(self.rows + 1)),
                "program_hidden": Out(ProgramPort(design)),
                "program_readout": Out(ProgramPort(design)),
                "probe": Out(ProbePort(design)),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        host, rows = self.host, self.rows
        probe = add_submodule(m, "probe", ColumnProbe(self.design))
        pass_on(m, self.probe, probe.crossbars)
        pass_on(m, self.stretch, probe.stretch)

        weights = [Signal(signed(WEIGHT_BITS), name=f"weight_{row}") for row in range(rows)]
        self._host_access(m, weights, probe)
        in_tile, selection = self._selection(m)
        m.d.comb += [
            host.selection_valid.eq(selection),
            probe.layer.eq(host.layer),
            probe.tile.eq(host.tile),
        ]

        at_rest_pos, at_rest_neg = Signal(rows), Signal(rows)
        any_busy, sensed = Signal(), Signal()
        up, down, side, pulse = Signal(rows), Signal(rows), Signal(rows), Signal()
        self._connect_program(m, at_rest_pos, at_rest_neg, any_busy, sensed, up, down, side, pulse)

        limit = self.design.crossbar.weight_limit
        # An erase needs at most one pass over each side; a stuck device must not hold the window for ever.
        round_ = Signal(range(2 * limit + 1))
        row = Signal(unsigned_width(rows - 1))
        verifying = Signal()
        m.d.comb += [
            self.pulses.eq(Mux(pulse, count_ones(up | down), 0)),
            probe.row.eq(row + host.slice * WINDOW_ROWS),
            host.failed.eq(host.done & (host.mismatches != 0)),
        ]

        with m.FSM() as fsm:
            m.d.comb += host.busy.eq(~fsm.ongoing("IDLE"))
            with m.State("IDLE"):
                m.d.sync += [round_.eq(0), row.eq(0)]
                with m.If(host.commit | host.read):
                    m.d.sync += [verifying.eq(host.commit), host.mismatches.eq(0)]
                    m.next = "PROBE"
                with m.If(host.commit):
                    m.next = "ERASE"
            with m.State("ERASE"):
                m.d.comb += [down.eq(~(at_rest_pos & at_rest_neg) & in_tile), side.eq(at_rest_pos)]
                with m.If(sensed):
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
                with m.If(sensed):
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
                        m.d.sync += host.mismatches.eq(host.mismatches + 1)
                    with m.If(probe.last | (row == WINDOW_ROWS - 1)):
                        m.next = "DONE"
            with m.State("DONE"):
                m.d.comb += host.done.eq(1)
                m.next = "IDLE"

        # Read-back replaces what the host wrote, a row at a time.
        for index, weight in enumerate(weights):
            with m.If(probe.done & ~verifying & (row == index)):
                m.d.sync += weight.eq(probe.weight)
        return m

    def _host_access(self, m: Module, weights: list[Signal], probe: ColumnProbe) -> None:
        host, word = self.host, self.host.pointer[2:]
        bytes_ = [*weights, *(Const(0, WEIGHT_BITS) for _ in range(self.words * ROWS_PER_WORD - self.rows))]
        m.d.comb += host.data_read_value.eq(Cat(*bytes_).word_select(word, 32))
        for index, weight in enumerate(weights):
            lane = index % ROWS_PER_WORD
            with m.If(host.data_write & host.data_strobes[lane] & (word == index // ROWS_PER_WORD)):
                m.d.sync += weight.eq(host.data_value.word_select(lane, WEIGHT_BITS))

    def _selection(self, m: Module):
        """Rows that the selected slice has, and whether the selection names a tile, a column and a slice that exist."""
        host, in_tile, valid = self.host, Signal(self.rows), Signal()
        for layer in Layer:
            for tile in layer_layout(self.design, layer).tiles:
                *whole, last = tile.window_slices
                with m.If((host.layer == layer) & (host.tile == tile.index)):
                    m.d.comb += [
                        in_tile.eq(
                            Mux(host.slice == len(whole), (1 << last.stop - last.start) - 1, (1 << WINDOW_ROWS) - 1)
                        ),
                        valid.eq((host.column < tile.columns) & (host.slice <= len(whole))),
                    ]
        return in_tile, valid

    def _connect_program(self, m: Module, at_rest_pos, at_rest_neg, any_busy, sensed, up, down, side, pulse) -> None:
        host, chosen = self.host, Signal(self.slices)
        index = host.slice[: unsigned_width(self.slices - 1)]
        m.d.comb += [
            chosen.eq(1 << index),
            any_busy.eq(self.program_hidden.busy | self.program_readout.busy),
        ]

        def among_the_tile(rows: Value) -> Value:
            """The rows of the slice among those of the tile."""
            return Cat(Mux(here, rows, 0)[: self.rows] for here in chosen)

        for layer, port in ((Layer.HIDDEN, self.program_hidden), (Layer.READOUT, self.program_readout)):
            m.d.comb += [
                port.tile.eq(host.tile),
                port.column.eq(host.column),
                port.up.eq(among_the_tile(up)),
                port.down.eq(among_the_tile(down)),
                port.side.eq(among_the_tile(side)),
            ]
            with m.If(host.layer == layer):
                m.d.comb += [
                    port.pulse.eq(pulse),
                    sensed.eq(port.sensed),
                    at_rest_pos.eq(port.pos_rest.word_select(index, WINDOW_ROWS)),
                    at_rest_neg.eq(port.neg_rest.word_select(index, WINDOW_ROWS)),
                ]
