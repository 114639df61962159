# amaranth: UnusedElaboratable=no
"""Rounding unit: the random numbers that round updates to whole pulses, in the order of the rows."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.learning.update.column_group import GroupPosition
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.threefry import WORD, ThreefryPipeline
from remora.spec.crossbar.column_groups import ROUNDING_SLICES, rounded_rows, rounded_words
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.learning import ROUNDING_LAYER_BIT, ROUNDING_SLICE_BITS, pulse_shift
from remora.spec.lib.fixed import unsigned_width
from remora.spec.lib.rng import ATTEMPT_BITS, Purpose


class RoundingUnit(wiring.Component):
    """A hash for every four rows that are rounded at once draws ahead of the rounding.

    It takes column after column of a group, and of each the rows of its fold in order. It stands still while numbers
    wait.

    ``random`` is as rule L15 says for the rows that are rounded next.

    Rule L15.

    Ports:
        seed: stable from ``begins`` until the last number is taken.
        update_number: q, stable in the same way.
        begins: a group's fold is to be drawn for; only after the last draw of the one before has begun.
        position: of the group, stable from ``begins`` until the next.
        fold_index: the fold, stable in the same way.
        valid: ``random`` is there.
        take: while ``valid``, goes on to the next rows.
        random: log2(accumulator_level) bits a row, the first row in the low bits.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design, self.bits = design, pulse_shift(design)
        super().__init__(
            {
                "seed": In(WORD),
                "update_number": In(WORD),
                "begins": In(1),
                "position": In(GroupPosition(design)),
                "fold_index": In(unsigned_width(design.learning_folds - 1)),
                "valid": Out(1),
                "take": In(1),
                "random": Out(self.bits * rounded_rows(design)),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        rows, words, folds = rounded_rows(self.design), rounded_words(self.design), self.design.learning_folds
        hashes, of_fold = -(-rows // ROUNDING_SLICES), self.design.learning_lanes // ROUNDING_SLICES
        pending, drawing, advance = Signal(), Signal(), Signal()
        column, left, word = (
            Signal.like(self.position.column_of_layer),
            Signal.like(self.position.count),
            Signal(unsigned_width(words - 1)),
        )
        readout, fold = Signal(), Signal.like(self.fold_index)
        lane = Signal(unsigned_width(folds * of_fold + words * hashes))
        with m.If(self.begins):
            m.d.sync += pending.eq(1)
        with m.If(~drawing & pending):
            m.d.sync += [
                drawing.eq(1),
                pending.eq(self.begins),
                column.eq(self.position.column_of_layer),
                left.eq(self.position.count),
                readout.eq(self.position.readout),
                fold.eq(self.fold_index),
                lane.eq(self.fold_index * of_fold),
            ]
        with m.If(drawing & advance):
            m.d.sync += [word.eq(word + 1), lane.eq(lane + hashes)]
            with m.If(word == words - 1):
                m.d.sync += [word.eq(0), column.eq(column + 1), left.eq(left - 1), lane.eq(fold * of_fold)]
                with m.If(left == 1):
                    m.d.sync += drawing.eq(0)
        slices = []
        # Equal hashes share one Verilog module, so all but the first are never elaborated: see the first line.
        for index in range(hashes):
            hash_ = add_submodule(m, f"hash_{index}", ThreefryPipeline(1 << len(lane), waits=True))
            m.d.comb += [
                hash_.start.eq(drawing),
                hash_.key_0.eq(self.seed),
                hash_.key_1.eq(int(Purpose.STOCHASTIC_ROUNDING) << ATTEMPT_BITS),
                hash_.lane.eq(lane + index),
                hash_.counter_0.eq(self.update_number),
                hash_.counter_1.eq(readout << ROUNDING_LAYER_BIT | column),
                hash_.advance.eq(advance),
            ]
            if index == 0:
                m.d.comb += [self.valid.eq(hash_.done), advance.eq(~hash_.done | self.take)]
            both = Cat(hash_.word, hash_.second_word)
            slices += [both.word_select(i, ROUNDING_SLICE_BITS)[: self.bits] for i in range(ROUNDING_SLICES)]
        m.d.comb += self.random.eq(Cat(*slices[:rows]))
        return m
