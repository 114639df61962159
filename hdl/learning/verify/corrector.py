"""Corrector: changes one accumulator of a word, in a gap of the update walk."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.learning.verify.missed import correction_limit
from remora.hdl.lib.fixed import saturate
from remora.spec.crossbar.column_groups import accumulator_rows
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.learning import accumulator_word_bits, accumulator_words
from remora.spec.crossbar.update_cycles import ROUNDED
from remora.spec.lib.fixed import signed_width, unsigned_width


class Corrector(wiring.Component):
    """A word is read in the cycle of ``corrects``, in which the walk rounds nothing, and written `ROUNDED` cycles
    later, when the walk would write what it had rounded. Two corrections are at least
    `remora.spec.crossbar.verify.verification.SAMPLE_GAP` cycles apart.

    Rules J3 and M9.

    Ports:
        corrects: one accumulator changes.
        column: its column, those of the readout counted after the hidden ones.
        row: its row of the hidden layer, of which the readout's are the last.
        correction: the change.
        address: of the word that is read.
        accumulators: the word, from the cycle after ``corrects`` on.
        write: the word is written.
        write_address: there.
        data: what is written.
        busy: a word is still to be written.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        address = unsigned_width(accumulator_words(design) - 1)
        super().__init__(
            {
                "corrects": In(1),
                "column": In(range(design.network.hidden + design.network.classes)),
                "row": In(unsigned_width(design.hidden_rows - 1)),
                "correction": In(signed(signed_width(correction_limit(design)))),
                "address": Out(address),
                "accumulators": In(accumulator_word_bits(design)),
                "write": Out(1),
                "write_address": Out(address),
                "data": Out(accumulator_word_bits(design)),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        bits = self.design.learning.accumulator_bits
        held, limit = accumulator_rows(self.design), (1 << (bits - 1)) - 1
        words, rows = held.shape
        word, position = Signal(unsigned_width(words - 1)), Signal(unsigned_width(rows - 1))
        with m.Switch(self.row):
            for index in range(words):
                for location in range(rows):
                    if held[index, location] >= 0:
                        with m.Case(int(held[index, location])):
                            m.d.comb += [word.eq(index), position.eq(location)]
        m.d.comb += self.address.eq(self.column * words + word)
        stages, addresses = Signal(ROUNDED), [Signal.like(self.address, name=f"address_{k}") for k in range(ROUNDED)]
        at, change = Signal.like(position), Signal.like(self.correction)
        m.d.sync += [stages.eq(Cat(self.corrects, stages)), at.eq(position), change.eq(self.correction)]
        m.d.sync += [here.eq(there) for here, there in zip(addresses, [self.address, *addresses], strict=False)]
        chi = self.accumulators.word_select(at, bits).as_signed()
        corrected, waiting = Signal(signed(bits)), Signal.like(self.data)
        m.d.comb += corrected.eq(saturate(chi + change, limit))
        m.d.sync += waiting.eq(
            Cat(
                Mux(at == location, corrected.as_unsigned(), self.accumulators.word_select(location, bits))
                for location in range(rows)
            )
        )
        m.d.sync += self.data.eq(waiting)
        m.d.comb += [
            self.write.eq(stages[-1]),
            self.write_address.eq(addresses[-1]),
            self.busy.eq(stages.any()),
        ]
        return m
