"""Weight window: programs, verifies and reads back a slice of a crossbar column, and drives wordlines by hand."""

from __future__ import annotations

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.crossbar.column_probe import ColumnProbe
from remora.hdl.crossbar.verify.row_verifier import RowVerifier, verify_counts
from remora.hdl.crossbar.window.host import WindowHost
from remora.hdl.crossbar.window.slice_marks import SliceMarks
from remora.hdl.lib.fault_marks import MarkedColumn
from remora.hdl.lib.fixed import count_ones
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.interfaces import pass_on
from remora.hdl.lib.reading import POLARITIES, PlaneStretch, ProbePort, Wordlines
from remora.hdl.macros.pairs.registry import pair_policy
from remora.hdl.macros.program_port import SENSE, ProgramPort
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import ROWS_PER_WORD, WINDOW_ROWS, Layer, layer_layout
from remora.spec.lib.fixed import unsigned_width

WEIGHT_BITS = 8


class WeightWindow(wiring.Component):
    """Holds a slice of a column of weights, a signed byte a row; the host fills and reads it four rows at a time.

    ``host.commit`` erases the selected rows to rest, pulses each pair up to its weight, as ``crossbar.pair``
    has it, reads them back and compares. ``host.read`` only reads back, into the window.

    ``host.drive`` puts the rows of the slice on the wordlines: those whose byte is positive with positive polarity,
    those whose byte is negative with negative polarity. They are integrated once on each plane from 0 to
    ``host.planes`` − 1. The window keeps its bytes. Drives add up, also those of several slices and tiles of a layer.
    ``host.convert`` samples and converts what they gathered, in all tiles of the layer; the integrator is empty then.
    ``host.code`` is the code of rule X4.

    The engine must be idle from a command until ``done``, and from a drive until ``charged`` falls: the window drives
    the crossbars. ``commit`` and ``read`` need empty integrators.

    A window that verifies hands the rows that it has pulsed to a
    :class:`remora.hdl.crossbar.verify.row_verifier.RowVerifier`, in place of its own comparison.

    With a fault map a commit first reads the marks of the slice. A device that they mark counts as at rest and as full.

    Rules X4, X7, X8, W1, W2, W5 and P1.

    Ports:
        host: what the registers set and read.
        stretch: of the planes, and before the sample.
        pulses: device pulses launched in the cycle before.
        counts: of programmed rows; of a window that verifies.
        program_hidden: programs the hidden layer.
        program_readout: programs the readout.
        probe: reads the crossbars.
        wordlines: what is driven; all 0 unless a command reads or drives.
        map: reads the fault map, where there is one.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        most = max(tile.rows for layer in Layer for tile in layer_layout(design, layer).tiles)
        self.rows, self.slices = min(most, WINDOW_ROWS), -(-most // WINDOW_ROWS)
        self.words = -(-self.rows // ROWS_PER_WORD)
        self.verifier = RowVerifier(design, self.rows) if design.capabilities.verifies else None
        self.marks = SliceMarks(design, self.rows) if design.capabilities.compensates else None
        super().__init__(
            {
                "host": In(WindowHost(design)),
                "stretch": In(PlaneStretch()),
                "pulses": Out(range(self.rows + 1)),
                **({"counts": Out(verify_counts(self.rows))} if design.capabilities.verifies else {}),
                "program_hidden": Out(ProgramPort(design)),
                "program_readout": Out(ProgramPort(design)),
                "probe": Out(ProbePort(design)),
                "wordlines": Out(Wordlines(design)),
                **({"map": Out(MarkedColumn(design))} if self.marks else {}),
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
        last_row, valid = self._selection(m)
        in_tile = Signal(rows)
        m.d.comb += [
            host.selection_valid.eq(valid),
            # A slice has a first row.
            in_tile.eq(Cat(Const(1, 1), *(last_row >= row for row in range(1, rows)))),
            probe.layer.eq(host.layer),
            probe.planes.eq(host.planes),
            probe.integrator.eq(host.integrator),
            host.code.eq(probe.code),
        ]

        at_rest_pos, at_rest_neg = Signal(rows, reset_less=True), Signal(rows, reset_less=True)
        any_busy, sensed = Signal(), Signal()
        up, down, side, pulse = Signal(rows), Signal(rows), Signal(rows), Signal()
        self._connect_program(m, at_rest_pos, at_rest_neg, any_busy, sensed, up, down, side, pulse)
        if self.verifier:
            add_submodule(m, "verifier", self.verifier)
            self._connect_verifier(m, probe, weights, in_tile, sensed)
        if self.marks:
            self._connect_marks(m, self.marks)
        driven = {polarity: Signal(rows, name=f"driven_{polarity}") for polarity in POLARITIES}
        self._connect_wordlines(m, driven)

        crossbar, pair = self.design.crossbar, pair_policy(self.design)
        # A stuck device must not hold the window for ever.
        round_ = Signal(range(max(crossbar.erase_pulses, crossbar.raise_pulses) + 1))
        # The row that is read, or the plane that is driven.
        row = Signal(range(max(rows, self.design.formats.stream_bits)))
        verifying, above, negative = Signal(), Signal(rows), Signal(rows)
        # One bit an integrator of each layer.
        charged = Signal(2 * self.design.crossbar.integrators)
        named = charged.bit_select(Cat(host.layer, host.integrator)[: unsigned_width(len(charged) - 1)], 1)
        # Counted a cycle later, as the write controller does.
        launched, counted = Signal(rows), Signal()
        m.d.sync += [launched.eq(up | down), counted.eq(pulse)]
        m.d.comb += [
            self.pulses.eq(Mux(counted, count_ones(launched), 0)),
            probe.step.eq(row),
            above.eq(Cat(*(pair.exceeds(weight, round_) for weight in weights)) & in_tile),
            negative.eq(Cat(*(weight < 0 for weight in weights))),
            host.charged.eq(charged.any()),
            host.failed.eq(host.done & (host.mismatches != 0)),
        ]

        with m.FSM() as fsm:
            m.d.comb += host.busy.eq(~fsm.ongoing("IDLE"))
            # A reset ends a commit, but not the pulse that it launched.
            reading = fsm.ongoing("READ") | self.verifier.reading if self.verifier else fsm.ongoing("READ")
            m.d.comb += probe.start.eq((reading | probe.drive | probe.convert) & ~any_busy)
            with m.State("IDLE"):
                m.d.sync += [round_.eq(0), row.eq(0)]
                with m.If(host.commit | host.read | host.drive | host.convert):
                    m.d.sync += [verifying.eq(host.commit | ~host.read), host.mismatches.eq(0)]
                with m.If(host.commit):
                    m.next = "MARKS" if self.marks else "ERASE"
                with m.Elif(host.read):
                    m.next = "READ"
                with m.Elif(host.drive):
                    m.d.sync += named.eq(1)
                    m.next = "DRIVE"
                with m.Elif(host.convert):
                    m.d.sync += named.eq(0)
                    m.next = "CONVERT"
            if self.marks:
                with m.State("MARKS"):
                    with m.If(self.marks.done):
                        m.next = "ERASE"
            with m.State("ERASE"):
                erased = pair.erase(at_rest_pos, at_rest_neg)
                m.d.comb += [down.eq(erased.lowers & in_tile), side.eq(erased.side)]
                with m.If(sensed):
                    m.d.sync += round_.eq(round_ + 1)
                    with m.If(down.any() & (round_ < crossbar.erase_pulses)):
                        m.d.comb += pulse.eq(1)
                    with m.Else():
                        m.d.sync += round_.eq(0)
                        m.next = "RAISE"
            with m.State("RAISE"):
                m.d.comb += [up.eq(self._unmarked(above, side)), side.eq(pair.raised_side(negative))]
                with m.If(sensed):
                    m.d.sync += round_.eq(round_ + 1)
                    with m.If(up.any() & (round_ < crossbar.raise_pulses)):
                        m.d.comb += pulse.eq(1)
                    with m.Else():
                        self._verify_or_read(m)
            if self.verifier:
                self._verify(m, (up, down, side, pulse), driven["pos"])
            with m.State("READ"):
                m.d.comb += driven["pos"].eq(Cat(row == index for index in range(rows)))
                with m.If(probe.done):
                    m.d.sync += row.eq(row + 1)
                    with m.If(verifying & (probe.code != Array(weights)[row])):
                        m.d.sync += host.mismatches.eq(host.mismatches + 1)
                    with m.If(row == last_row):
                        m.next = "DONE"
            with m.State("DRIVE"):
                # In the first round.
                rows_driven = pair.driven(weights, in_tile, above)
                m.d.comb += [
                    probe.drive.eq(1),
                    driven["pos"].eq(rows_driven & ~negative),
                    driven["neg"].eq(rows_driven & negative),
                ]
                with m.If(probe.integrated):
                    m.d.sync += row.eq(row + 1)
                with m.If(probe.done):
                    m.next = "DONE"
            with m.State("CONVERT"):
                m.d.comb += probe.convert.eq(1)
                with m.If(probe.done):
                    m.next = "DONE"
            with m.State("DONE"):
                m.d.comb += host.done.eq(1)
                m.next = "IDLE"

        # Read-back replaces what the host wrote, a row at a time.
        for index, weight in enumerate(weights):
            with m.If(probe.done & ~verifying & (row == index)):
                m.d.sync += weight.eq(probe.code)
        return m

    def _connect_marks(self, m: Module, marks: SliceMarks) -> None:
        add_submodule(m, "marks", marks)
        wiring.connect(m, wiring.flipped(self.map), marks.map)
        m.d.comb += [
            marks.start.eq(self.host.commit & ~self.host.busy),
            *(getattr(marks, name).eq(getattr(self.host, name)) for name in ("layer", "tile", "column", "slice")),
        ]

    def _unmarked(self, rows: Value, side: Value) -> Value:
        """Those rows whose device of this side is not marked. Rule W5."""
        return rows & ~((side & self.marks.neg) | (~side & self.marks.pos)) if self.marks else rows

    def _with_marks(self, flags: Value, name: str) -> Value:
        """Flags of a slice's rows, and what marks make of them. Rule W5."""
        return flags | getattr(self.marks, name.partition("_")[0]) if self.marks else flags

    def _verify_or_read(self, m: Module) -> None:
        """After the last pulse of a commit."""
        if self.verifier:
            m.d.comb += self.verifier.start.eq(1)
        m.next = "VERIFY" if self.verifier else "READ"

    def _verify(self, m: Module, pulsed: tuple[Signal, ...], driven: Signal) -> None:
        """The state in which the verifier has the tile."""
        verifier = self.verifier
        with m.State("VERIFY"):
            m.d.comb += [
                *(mine.eq(its) for mine, its in zip(pulsed, verifier.pulsed, strict=True)),
                driven.eq(verifier.driven),
            ]
            with m.If(verifier.done):
                m.d.sync += self.host.mismatches.eq(count_ones(verifier.unverified))
                m.next = "DONE"

    def _connect_verifier(self, m: Module, probe: ColumnProbe, weights: list[Signal], in_tile: Signal, sensed) -> None:
        verifier, host, index = self.verifier, self.host, self._slice_index()
        m.d.comb += [
            verifier.rows.eq(in_tile),
            verifier.weights.eq(Cat(*weights)),
            verifier.sensed.eq(sensed),
            verifier.code.eq(probe.code),
            verifier.read.eq(probe.done),
            verifier.clear.eq(host.commit | host.read | host.drive | host.convert),
            probe.fine.eq(verifier.reading),
            host.unverified.eq(verifier.unverified),
            *(getattr(self.counts, name).eq(getattr(verifier.counts, name)) for name in self.counts.signature.members),
        ]
        domain = m.d.comb if self.design.capabilities.learns else m.d.sync
        for layer, port in ((Layer.HIDDEN, self.program_hidden), (Layer.READOUT, self.program_readout)):
            with m.If(host.layer == layer):
                domain += [
                    getattr(verifier, name).eq(
                        self._with_marks(getattr(port, name).word_select(index, WINDOW_ROWS), name)
                    )
                    for name in SENSE
                ]

    def _host_access(self, m: Module, weights: list[Signal], probe: ColumnProbe) -> None:
        host, word = self.host, self.host.pointer[2:]
        bytes_ = [*weights, *(Const(0, WEIGHT_BITS) for _ in range(self.words * ROWS_PER_WORD - self.rows))]
        m.d.comb += host.data_read_value.eq(Cat(*bytes_).word_select(word, 32))
        for index, weight in enumerate(weights):
            lane = index % ROWS_PER_WORD
            with m.If(host.data_write & host.data_strobes[lane] & (word == index // ROWS_PER_WORD)):
                m.d.sync += weight.eq(host.data_value.word_select(lane, WEIGHT_BITS))

    def _selection(self, m: Module) -> tuple[Signal, Signal]:
        """Last row that the selected slice has, and whether there are such a tile, column and slice."""
        host, last_row, valid = self.host, Signal(unsigned_width(self.rows - 1)), Signal()
        for layer in Layer:
            for tile in layer_layout(self.design, layer).tiles:
                *whole, last = tile.window_slices
                with m.If((host.layer == layer) & (host.tile == tile.index)):
                    m.d.comb += [
                        last_row.eq(Mux(host.slice == len(whole), last.stop - last.start - 1, WINDOW_ROWS - 1)),
                        valid.eq((host.column < tile.columns) & (host.slice <= len(whole))),
                    ]
        return last_row, valid

    def _connect_program(self, m: Module, at_rest_pos, at_rest_neg, any_busy, sensed, up, down, side, pulse) -> None:
        host, index = self.host, self._slice_index()
        m.d.comb += any_busy.eq(self.program_hidden.busy | self.program_readout.busy)
        for layer, port in ((Layer.HIDDEN, self.program_hidden), (Layer.READOUT, self.program_readout)):
            m.d.comb += [
                port.tile.eq(host.tile),
                port.column.eq(host.column),
                port.up.eq(self._among_the_tile(up)),
                port.down.eq(self._among_the_tile(down)),
                # Means something on rows of `up` or `down` alone.
                port.side.eq(side.replicate(self.slices)),
            ]
            with m.If(host.layer == layer):
                m.d.comb += [port.pulse.eq(pulse), sensed.eq(port.sensed)]
                # Behind a register, here or in the array; no command comes in the cycle in which the selection changes.
                domain = m.d.comb if self.design.capabilities.learns else m.d.sync
                domain += [
                    at_rest_pos.eq(self._with_marks(port.pos_rest.word_select(index, WINDOW_ROWS), "pos")),
                    at_rest_neg.eq(self._with_marks(port.neg_rest.word_select(index, WINDOW_ROWS), "neg")),
                ]

    def _connect_wordlines(self, m: Module, driven: dict[str, Signal]) -> None:
        """The rows of the slice among those of the layer. Tiles side by side have the same wordlines."""
        for polarity, rows in driven.items():
            of_tile = Signal(self.rows * self.slices, name=f"tile_{polarity}")
            m.d.comb += of_tile.eq(self._among_the_tile(rows))
            for layer in Layer:
                layout, of_layer = layer_layout(self.design, layer), []
                for first in layout.tiles[:: layout.column_tiles]:
                    here = Cat(self.host.tile == tile.index for tile in layout.tiles if tile.row_tile == first.row_tile)
                    # The selection is valid, so that the only row tile needs no look.
                    gate = here.any() if layout.row_tiles > 1 else Const(1)
                    of_layer.append(Mux(gate, of_tile[: first.rows], 0))
                m.d.comb += getattr(self.wordlines, f"{layer.name.lower()}_{polarity}").eq(Cat(*of_layer))

    def _slice_index(self) -> Value:
        return self.host.slice[: unsigned_width(self.slices - 1)]

    def _among_the_tile(self, rows: Value) -> Value:
        """The rows of the slice among those of the tile."""
        return Cat(Mux(self._slice_index() == index, rows, 0) for index in range(self.slices))
