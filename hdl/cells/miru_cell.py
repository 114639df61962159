# amaranth: UnusedElaboratable=no
"""The MiRU cell: lanes and state store, what turns converted columns into states and streamed words."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Shape, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from remora.hdl.cells.cell import Cell
from remora.hdl.cells.miru_lane import MiruLane
from remora.hdl.cells.state_store import StateStore
from remora.hdl.lib.columns import CommittedCodes, ConvertedColumns, FoldControl
from remora.hdl.lib.fixed import count_ones
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.interfaces import drive
from remora.hdl.lib.registers import RegisterBlock
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.formats import COEFFICIENT_BITS
from remora.spec.crossbar.layout import Layer
from remora.spec.lib.fixed import unsigned_width

COEFFICIENTS = ("reset_coefficient", "update_coefficient")


class Coefficients(wiring.Signature):
    """Coefficients of the MiRU cell, 0 … 256, seen from the registers.

    Ports:
        reset_coefficient: b, which scales the states on their way into the words.
        update_coefficient: u, the weight of the candidate in the next state.
    """

    def __init__(self) -> None:
        super().__init__({name: Out(COEFFICIENT_BITS + 1) for name in COEFFICIENTS})


class MiruCell(Cell):
    """Updates ``lanes`` hidden units a cycle.

    Before cycle t: ``control.read`` of ``control.read_fold``. Cycle t: ``control.issue`` of the same fold, and with it
    its ``columns.code``. Cycle t + 1: ``commit`` with ``candidate`` and ``state`` of these units. Cycle t + 2: their
    words, which ``words`` shows from cycle t + 3; states and words are stored at its end, and ``ended`` marks it for
    the last fold. Words for the readout have coefficient 1 instead of ``reset_coefficient``; with a readout at every
    step each unit has both words. Both coefficients must be stable from t to t + 2. A new fold may be issued every
    cycle. ``counts``: codes at full scale with ``issue``, words that saturate in the cycle after the words.

    Rules C2, C5, O1 and O4.

    Ports:
        ended: the last words of a step are stored at the end of this cycle.
        commit: the codes that made ``candidate`` and ``state``.
        candidate: ``lanes`` candidates.
        state: ``lanes`` new states.
    """

    def __init__(self, design: DesignPoint) -> None:
        lanes, state_bits = design.cell.lanes, design.formats.state_bits + 1
        codes = self.column_port(design).members["saturations"]
        saturations = {
            Counter.ADC_SATURATIONS: Shape.cast(codes.shape).width,
            Counter.WORD_SATURATIONS: unsigned_width(lanes * (1 + design.capabilities.reads_every_step)),
        }
        super().__init__(
            design,
            saturations,
            commit=Out(CommittedCodes(design)),
            candidate=Out(state_bits * lanes),
            state=Out(state_bits * lanes),
        )

    @classmethod
    def control_port(cls, design: DesignPoint) -> wiring.Signature:
        return FoldControl(design)

    @classmethod
    def column_port(cls, design: DesignPoint) -> wiring.Signature:
        return ConvertedColumns(design, Layer.HIDDEN)

    @classmethod
    def host_port(cls, design: DesignPoint) -> wiring.Signature:
        return Coefficients()

    @classmethod
    def connect_registers(cls, m: Module, registers: RegisterBlock, host: wiring.PureInterface, halted: Value) -> None:
        drive(m, host, **{name: getattr(registers, f"{name}_value") for name in COEFFICIENTS})

    def elaborate(self, platform) -> Module:
        m = Module()
        design = self.design
        store = add_submodule(m, "store", StateStore(design))
        control, commit, host = self.control, self.commit, self.host
        context, last = Signal.like(control.context_index), Signal()
        word, word_fold, word_context, word_last = Signal(), Signal.like(commit.fold), Signal.like(context), Signal()
        code = Signal.like(commit.code, reset_less=True)
        m.d.comb += commit.code.eq(code)
        m.d.sync += [
            commit.valid.eq(control.issue),
            commit.fold.eq(control.fold),
            code.eq(self.columns.code),
            context.eq(control.context_index),
            last.eq(control.last),
            word.eq(commit.valid),
            word_fold.eq(commit.fold),
            word_context.eq(context),
            word_last.eq(last),
        ]
        every, word_coefficient = design.capabilities.reads_every_step, Signal(COEFFICIENT_BITS + 1)
        m.d.comb += self.columns.fold.eq(control.fold)
        m.d.sync += word_coefficient.eq(
            host.reset_coefficient if every else Mux(last, 1 << COEFFICIENT_BITS, host.reset_coefficient)
        )

        # Equal lanes share one Verilog module, so all but the first are never elaborated: see the file's first line.
        lanes = [MiruLane(design) for _ in range(design.cell.lanes)]
        for index, lane in enumerate(lanes):
            add_submodule(m, f"lane_{index}", lane)
            m.d.comb += [
                lane.enable.eq(control.issue),
                lane.code.eq(self.columns.code.word_select(index, len(lane.code))),
                lane.first.eq(control.first),
                lane.previous.eq(store.previous.word_select(index, len(lane.previous))),
                lane.update_coefficient.eq(host.update_coefficient),
                lane.word_coefficient.eq(word_coefficient),
            ]
        m.d.comb += [
            self.candidate.eq(Cat(*(lane.candidate for lane in lanes))),
            self.state.eq(Cat(*(lane.state for lane in lanes))),
            store.read.eq(control.read),
            store.read_context.eq(control.read_context),
            store.read_fold.eq(control.read_fold),
            store.write.eq(word),
            store.write_context.eq(word_context),
            store.write_fold.eq(word_fold),
            store.state.eq(Cat(*(lane.stored for lane in lanes))),
            store.word.eq(Cat(*(lane.word for lane in lanes))),
            store.words_context.eq(self.streamed),
            self.words.eq(store.words),
            store.readout_context.eq(self.read_out),
            self.readout_words.eq(store.readout_words),
            self.ended.valid.eq(word & (word_fold == design.folds - 1)),
            self.ended.context_index.eq(word_context),
            self.ended.last.eq(word_last),
        ]
        with m.If(control.issue):
            m.d.comb += self.counts.adc_saturations.eq(self.columns.saturations)
        # Behind a flip-flop, because the lanes alone fill a cycle.
        saturated = Signal(design.cell.lanes)
        if every:
            self._read_every_step(m, store, lanes, word, word_last, saturated)
            return m
        m.d.sync += saturated.eq(Mux(word, Cat(lane.word_saturated for lane in lanes), 0))
        m.d.comb += self.counts.word_saturations.eq(count_ones(saturated))
        return m

    def _read_every_step(self, m: Module, store: StateStore, lanes, word, word_last, saturated: Signal) -> None:
        """Both words are kept; those that nobody streams after a last step do not count."""
        read_saturated = Signal(len(saturated))
        m.d.comb += [
            store.readout_word.eq(Cat(*(lane.readout_word for lane in lanes))),
            self.counts.word_saturations.eq(count_ones(Cat(saturated, read_saturated))),
        ]
        m.d.sync += [
            saturated.eq(Mux(word & ~word_last, Cat(lane.word_saturated for lane in lanes), 0)),
            read_saturated.eq(Mux(word, Cat(lane.readout_word_saturated for lane in lanes), 0)),
        ]
