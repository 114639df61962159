"""Pulse verifier: has the rows of a tile read around the pulses that the write controller gives them."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.learning.verify.missed import Missed, correction_limit
from remora.hdl.learning.verify.port import VerifyPort
from remora.hdl.learning.verify.row_reader import RowReader
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.memory import Memory
from remora.hdl.lib.reading import PlaneStretch, ProbePort
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.learning import MOST_VERIFY_FEEDBACK
from remora.spec.crossbar.verify.verification import QUARTER_SHIFT, Verification
from remora.spec.lib.fixed import signed_width, unsigned_width


class PulseVerifier(wiring.Component):
    """Of each tile that has pulses due, these rows are read, pulsed, and read again. A row that has not moved by a
    quarter of a level takes one more pulse, with all of its kind, until it has had ``verify_give_up`` pulses. What the
    others missed returns to their accumulators, but of those that read full scale. A row of which a pulse was dropped
    takes no further one.

    Rules J1 to J3.

    Ports:
        stretch: as of :class:`remora.hdl.learning.verify.row_reader.RowReader`.
        give_up: tiles do not answer; pulses that are left are given up, and nothing is read.
        feedback: eighths of what pulses missed that return to accumulators.
        tile: what the write controller tells.
        busy: an accumulator is still to be corrected.
        corrects: an accumulator changes by ``correction``.
        corrected_column: its column, those of the readout counted after the hidden ones.
        corrected_row: its row of the hidden layer, of which the readout's are the last.
        correction: the change.
        given_up: a weight is given up.
        row_tile: the row tile whose row is driven.
        driven: the row of the tile whose wordline is high.
        layer: its layer.
        crossbars: how both layers' crossbars are read.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        self._reader, self._missed = RowReader(design), Missed(design)
        members = VerifyPort(design).members
        super().__init__(
            {
                "stretch": In(PlaneStretch()),
                "give_up": In(1),
                "feedback": In(unsigned_width(MOST_VERIFY_FEEDBACK)),
                "tile": In(VerifyPort(design)),
                "busy": Out(1),
                "corrects": Out(1),
                "corrected_column": Out(members["column"].shape),
                "corrected_row": Out(unsigned_width(design.hidden_rows - 1)),
                "correction": Out(signed(signed_width(correction_limit(design)))),
                "given_up": Out(1),
                "row_tile": Out(members["row_tile"].shape),
                "driven": Out(self._reader.rows_of_tile),
                "layer": Out(1),
                "crossbars": Out(ProbePort(design)),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        tile, reader = self.tile, add_submodule(m, "reader", self._reader)
        rows, verification = self._reader.rows_of_tile, Verification.of(self.design)
        wiring.connect(m, reader.crossbars, wiring.flipped(self.crossbars))
        read, again = Signal(rows, name="rows_read"), Signal(rows, name="rows_again")
        counts, raised, tries = Signal.like(tile.counts), Signal(rows), Signal(range(verification.give_up + 1))
        self._after = Signal(name="reads_after")
        m.d.comb += [
            reader.stretch.integrate.eq(self.stretch.integrate),
            reader.stretch.settle.eq(self.stretch.settle),
            reader.abort.eq(self.give_up),
            reader.layer.eq(tile.layer),
            self.layer.eq(tile.layer),
            self.row_tile.eq(tile.row_tile),
            self.driven.eq(reader.driven),
        ]
        still = self._check(m, counts, raised, tries)
        with m.If(reader.summed & still):
            m.d.sync += again.eq(again | Cat(reader.summed_row == index for index in range(rows)))

        def give_up() -> None:
            """Tiles that do not answer hold nothing up."""
            with m.If(self.give_up):
                m.next = "WAIT"

        with m.FSM() as steps:
            # The state alone chooses the rows, so that finding the first of them does not wait for `start`.
            m.d.comb += reader.rows.eq(Mux(steps.ongoing("WAIT"), tile.due, read))
            with m.State("WAIT"):
                m.d.comb += tile.may_leave.eq(~tile.due.any())
                m.d.sync += [self._after.eq(0), again.eq(0), tries.eq(0)]
                with m.If(tile.in_tile & tile.due.any() & ~self.give_up):
                    m.d.sync += [read.eq(tile.due), counts.eq(tile.counts), raised.eq(tile.raised)]
                    m.d.comb += reader.start.eq(1)
                    m.next = "BEFORE"
            with m.State("BEFORE"):
                with m.If(reader.summed & reader.done):
                    m.d.sync += self._after.eq(1)
                    m.next = "PULSE"
                give_up()
            with m.State("PULSE"):
                m.d.comb += tile.may_pulse.eq(1)
                with m.If(tile.ended):
                    m.d.comb += reader.start.eq(~self.give_up)
                    m.next = "AFTER"
                give_up()
            with m.State("AFTER"):
                with m.If(reader.summed & reader.done):
                    m.next = "CHECKED"
                give_up()
            with m.State("CHECKED"):
                m.d.comb += tile.may_leave.eq(~again.any())
                m.next = "WAIT"
                with m.If(again.any()):
                    m.d.comb += tile.again.eq(again)
                    m.d.sync += [read.eq(again), again.eq(0), tries.eq(tries + 1)]
                    m.next = "PULSE"
                give_up()
        return m

    def _check(self, m: Module, counts: Signal, raised: Signal, tries: Signal) -> Signal:
        """Whether the row whose sum is there takes one more pulse; what the pulses of the others missed."""
        reader, rows, verification = self._reader, self._reader.rows_of_tile, Verification.of(self.design)
        missed = add_submodule(m, "feedback_of_reads", self._missed)
        small = self.design.system.small_memory_bits
        memory = add_submodule(m, "before", Memory(width=reader.total_bits + 1, depth=rows, small_bits=small))
        m.d.comb += [
            memory.write.eq(reader.summed & ~self._after),
            memory.write_address.eq(reader.summed_row),
            memory.write_data.eq(Cat(reader.total, reader.full)),
            # A row is converted for some cycles, so that its sum is there in time.
            memory.read.eq(self._after),
            memory.read_address.eq(reader.converted),
        ]
        count = counts.word_select(reader.summed_row, unsigned_width(self.design.learning.max_pulses))
        change = Signal(signed(reader.total_bits + 1))
        distance, rests, spent, still, checked = Signal(reader.total_bits + 1), Signal(), Signal(), Signal(), Signal()
        stays, pulsed = Signal(), Signal(len(count) + verification.level_shift)
        before = memory.read_data[: reader.total_bits].as_signed()
        m.d.comb += [
            checked.eq(reader.summed & self._after & ~reader.full & ~memory.read_data[-1]),
            change.eq(reader.total - before),
            distance.eq(Mux(change < 0, -change, change)),
            rests.eq((distance << QUARTER_SHIFT) < verification.codes_of_level),
            spent.eq(count + tries >= verification.give_up),
            stays.eq(checked & rests & ~self.tile.blocked.bit_select(reader.summed_row, 1)),
            still.eq(stays & ~spent),
            self.given_up.eq(stays & spent),
            pulsed.eq(count << verification.level_shift),
            missed.valid.eq(checked & ~rests),
            missed.missed.eq(Mux(raised.bit_select(reader.summed_row, 1), pulsed, -pulsed) - change),
            missed.feedback.eq(self.feedback),
        ]
        # The write controller may have left the column when the correction is there.
        first = Mux(self.tile.layer, self.design.network.features, 0)
        location = Cat(
            (self.tile.row_tile * rows + reader.summed_row + first)[: len(self.corrected_row)], self.tile.column
        )
        after = [Signal(len(location), name=f"location_{k}", reset_less=True) for k in range(2)]
        known = Signal()
        m.d.sync += [known.eq(missed.valid), after[0].eq(location), after[1].eq(after[0])]
        m.d.comb += [
            self.corrects.eq(missed.corrects),
            self.correction.eq(missed.correction),
            Cat(self.corrected_row, self.corrected_column).eq(after[1]),
            self.busy.eq(missed.valid | known | missed.corrects),
        ]
        return still
