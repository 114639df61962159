"""History: what learning needs of every step of the sequence, written while it is inferred."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.memory import Memory
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.fixed import unsigned_width


class History(wiring.Component):
    """Two memories, addressed by context and step: streamed state words, and codes by fold.

    Features are not kept here: the sequence buffer has them. Contents survive a reset and are unknown before they are
    written; the words of a first step are whatever was there, since they are streamed as 0.

    Ports:
        context_index: whose memory is written and read.
        write_step: the step that is written.
        write_words: stores ``words`` at the end of the cycle.
        words: as streamed in the step.
        write_codes: stores ``codes`` at the end of the cycle.
        write_fold: their fold.
        codes: ``lanes`` of them.
        read_words: in cycle t gives ``read_word_data`` from cycle t + 1 until the next read.
        word_step: the step whose words are read.
        read_word_data: the words read last.
        read_codes: in cycle t gives ``read_code_data`` from cycle t + 1 until the next read.
        code_step: the step whose codes are read.
        code_fold: the fold whose codes are read.
        read_code_data: the codes read last.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        steps, fold = unsigned_width(design.network.max_steps - 1), unsigned_width(design.folds - 1)
        self.word_bits = (design.formats.stream_bits + 1) * design.network.hidden
        self.code_bits = design.formats.adc_bits * design.cell.lanes
        super().__init__(
            {
                "context_index": In(unsigned_width(design.system.contexts - 1)),
                "write_step": In(steps),
                "write_words": In(1),
                "words": In(self.word_bits),
                "write_codes": In(1),
                "write_fold": In(fold),
                "codes": In(self.code_bits),
                "read_words": In(1),
                "word_step": In(steps),
                "read_word_data": Out(self.word_bits),
                "read_codes": In(1),
                "code_step": In(steps),
                "code_fold": In(fold),
                "read_code_data": Out(self.code_bits),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        design = self.design
        folds, steps = design.folds, design.network.max_steps
        depth = design.system.contexts * steps
        small = design.system.small_memory_bits
        words = add_submodule(m, "words_memory", Memory(width=self.word_bits, depth=depth, small_bits=small))
        codes = add_submodule(m, "codes_memory", Memory(width=self.code_bits, depth=depth * folds, small_bits=small))
        first = self.context_index * steps
        m.d.comb += [
            words.write.eq(self.write_words),
            words.write_address.eq(first + self.write_step),
            words.write_data.eq(self.words),
            words.read.eq(self.read_words),
            words.read_address.eq(first + self.word_step),
            self.read_word_data.eq(words.read_data),
            codes.write.eq(self.write_codes),
            codes.write_address.eq((first + self.write_step) * folds + self.write_fold),
            codes.write_data.eq(self.codes),
            codes.read.eq(self.read_codes),
            codes.read_address.eq((first + self.code_step) * folds + self.code_fold),
            self.read_code_data.eq(codes.read_data),
        ]
        return m
