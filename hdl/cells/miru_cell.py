# amaranth: UnusedElaboratable=no
"""The MiRU cell: lanes and state store, what turns converted columns into states and streamed words."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.cells.miru_lane import MiruLane
from remora.hdl.cells.state_store import StateStore
from remora.hdl.lib.fixed import count_ones
from remora.hdl.lib.hierarchy import add_submodule
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.formats import COEFFICIENT_BITS
from remora.spec.lib.fixed import unsigned_width


class MiruCell(wiring.Component):
    """Updates ``lanes`` hidden units a cycle.

    Cycle t: ``issue`` with ``context_index``, ``fold``, ``code`` (``lanes`` codes), ``first`` (h₀ = 0) and ``last``
    (the words are for the readout, with coefficient 1 instead of ``reset_coefficient``). Cycle t + 1: ``commit`` with
    ``commit_fold``, ``commit_code``, ``candidate`` and ``state`` of these units, stored at the end of that cycle;
    ``words`` shows them from cycle t + 2. Both coefficients must be stable from t to t + 1. A new fold may be issued
    every cycle.
    ``word_saturations``: how many words saturated, valid with ``commit``.

    Rules C2, C5 and O1.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        lanes, formats = design.cell.lanes, design.formats
        state_bits = formats.state_bits + 1
        fold_bits, context_bits = unsigned_width(design.folds - 1), unsigned_width(design.system.contexts - 1)
        super().__init__(
            {
                "issue": In(1),
                "context_index": In(context_bits),
                "fold": In(fold_bits),
                "code": In(formats.adc_bits * lanes),
                "first": In(1),
                "last": In(1),
                "reset_coefficient": In(COEFFICIENT_BITS + 1),
                "update_coefficient": In(COEFFICIENT_BITS + 1),
                "commit": Out(1),
                "commit_fold": Out(fold_bits),
                "commit_code": Out(formats.adc_bits * lanes),
                "candidate": Out(state_bits * lanes),
                "state": Out(state_bits * lanes),
                "word_saturations": Out(range(lanes + 1)),
                "words": Out((formats.stream_bits + 1) * design.network.hidden),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        design = self.design
        store = add_submodule(m, "store", StateStore(design))
        context, first, last = Signal.like(self.context_index), Signal(), Signal()
        m.d.sync += [
            self.commit.eq(self.issue),
            self.commit_fold.eq(self.fold),
            self.commit_code.eq(self.code),
            context.eq(self.context_index),
            first.eq(self.first),
            last.eq(self.last),
        ]
        word_coefficient = Signal(COEFFICIENT_BITS + 1)
        m.d.comb += word_coefficient.eq(self.reset_coefficient)
        with m.If(last):
            m.d.comb += word_coefficient.eq(1 << COEFFICIENT_BITS)

        # Equal lanes share one Verilog module, so all but the first are never elaborated: see the file's first line.
        lanes = [MiruLane(design) for _ in range(design.cell.lanes)]
        for index, lane in enumerate(lanes):
            add_submodule(m, f"lane_{index}", lane)
            m.d.comb += [
                lane.code.eq(self.code.word_select(index, len(lane.code))),
                lane.first.eq(first),
                lane.previous.eq(store.previous.word_select(index, len(lane.previous))),
                lane.update_coefficient.eq(self.update_coefficient),
                lane.word_coefficient.eq(word_coefficient),
            ]
        m.d.comb += [
            self.candidate.eq(Cat(*(lane.candidate for lane in lanes))),
            self.state.eq(Cat(*(lane.state for lane in lanes))),
            self.word_saturations.eq(count_ones(lane.word_saturated for lane in lanes)),
            store.read.eq(self.issue),
            store.read_context.eq(self.context_index),
            store.read_fold.eq(self.fold),
            store.write.eq(self.commit),
            store.write_context.eq(context),
            store.write_fold.eq(self.commit_fold),
            store.state.eq(self.state),
            store.word.eq(Cat(*(lane.word for lane in lanes))),
            store.words_context.eq(self.context_index),
            self.words.eq(store.words),
        ]
        return m
