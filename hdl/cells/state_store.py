"""State store: the hidden states and the words that stream them, addressed by context and fold."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.memory import Memory
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.fixed import unsigned_width


class StateStore(wiring.Component):
    """States in a memory, ``lanes`` a word; streamed words in registers, since the streamer needs them all at once.

    Contents survive a reset and are unknown before the first write: the first step of a sequence masks them.

    Ports:
        read: in cycle t gives ``previous`` from cycle t + 1 until the next read.
        read_context: the context that is read.
        read_fold: the fold that is read.
        previous: ``lanes`` states.
        write: stores ``state`` and ``word`` at the end of the cycle.
        write_context: the context that is written.
        write_fold: the fold that is written.
        state: ``lanes`` states.
        word: ``lanes`` words.
        readout_word: ``lanes`` words for the readout, of a design with a readout at every step.
        words_context: the context whose words are shown.
        words: every unit's word in that context.
        readout_context: the context whose words are shown to the readout.
        readout_words: every unit's word in that context.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        lanes = design.cell.lanes
        self.state_bits, self.word_bits = design.formats.state_bits + 1, design.formats.stream_bits + 1
        fold = unsigned_width(design.folds - 1)
        context = unsigned_width(design.system.contexts - 1)
        super().__init__(
            {
                "read": In(1),
                "read_context": In(context),
                "read_fold": In(fold),
                "previous": Out(self.state_bits * lanes),
                "write": In(1),
                "write_context": In(context),
                "write_fold": In(fold),
                "state": In(self.state_bits * lanes),
                "word": In(self.word_bits * lanes),
                **({"readout_word": In(self.word_bits * lanes)} if design.capabilities.reads_every_step else {}),
                "words_context": In(context),
                "words": Out(self.word_bits * design.network.hidden),
                "readout_context": In(context),
                "readout_words": Out(self.word_bits * design.network.hidden),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        design = self.design
        lanes, folds, contexts = design.cell.lanes, design.folds, design.system.contexts
        width, small = self.state_bits * lanes, design.system.small_memory_bits
        memory = add_submodule(m, "memory", Memory(width=width, depth=folds * contexts, small_bits=small))
        m.d.comb += [
            memory.read.eq(self.read),
            memory.read_address.eq(self.read_context * folds + self.read_fold),
            self.previous.eq(memory.read_data),
            memory.write.eq(self.write),
            memory.write_address.eq(self.write_context * folds + self.write_fold),
            memory.write_data.eq(self.state),
        ]

        every = design.capabilities.reads_every_step
        words = self._keep_words(m, self.word, "words")
        readout_words = self._keep_words(m, self.readout_word, "readout_words") if every else words
        m.d.comb += [
            self.words.eq(self._shown(m, self.words_context, words, "shown")),
            self.readout_words.eq(self._shown(m, self.readout_context, readout_words, "shown_to_readout")),
        ]
        return m

    def _keep_words(self, m: Module, word: Value, name: str) -> list[Value]:
        """All words of each context, in registers."""
        design, lanes = self.design, self.design.cell.lanes
        words: list[Value] = []
        for context in range(design.system.contexts):
            groups = []
            for fold in range(design.folds):
                used = min(lanes, design.network.hidden - fold * lanes)
                group = Signal(self.word_bits * used, reset_less=True, name=f"{name}_{context}_{fold}")
                with m.If(self.write & (self.write_context == context) & (self.write_fold == fold)):
                    m.d.sync += group.eq(word)
                groups.append(group)
            words.append(Cat(*groups))
        return words

    def _shown(self, m: Module, context: Value, words: Sequence[Value], name: str) -> Signal:
        """The words of a context. As a switch, which synthesis makes of fewer gates than of a chain."""
        shown = Signal.like(self.words, name=name)
        with m.Switch(context):
            for index, each in enumerate(words):
                with m.Case(index):
                    m.d.comb += shown.eq(each)
        return shown
