"""One lane of the MiRU cell: from a code and a state to the next state and the next streamed word."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.fixed import magnitude, round_shift
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.formats import COEFFICIENT_BITS
from remora.spec.crossbar.tables import candidate_table


class MiruLane(wiring.Component):
    """Three stages with one multiplication at most in each; one unit a cycle.

    Cycle t: ``enable`` with ``code``, ``previous`` and ``first``. Cycle t + 1: ``update_coefficient`` gives
    ``candidate`` and ``state``. Cycle t + 2: ``word_coefficient`` gives the word. Both coefficients are 0 … 256.
    Without ``enable`` a stage keeps its operands, so that an idle lane does not toggle.

    A design with a readout at every step has a second word for it, which no coefficient scales.

    Rules C1 to C4, O1 and O4.

    Ports:
        enable: a unit enters the lane.
        code: of the unit's column.
        first: ``previous`` is read as 0.
        previous: the old state h.
        update_coefficient: in cycle t + 1, u.
        word_coefficient: in cycle t + 2, b.
        candidate: in cycle t + 1, c = ±ROM[|code|].
        state: in cycle t + 1, h + rs((c − h)·u, 8).
        stored: in cycle t + 2, the same state from a flip-flop, for the memory.
        word: in cycle t + 2, the sign of the new state above ``min(stream_limit, rs(|h|·b, word_shift))``.
        word_saturated: that minimum is ``stream_limit``, because the other is larger.
        readout_word: in cycle t + 2, likewise with ``rs(|h|, readout_word_shift)``; where it is built.
        readout_word_saturated: as ``word_saturated``, of that word.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        state_bits, word = design.formats.state_bits + 1, Out(design.formats.stream_bits + 1)
        self.reads_every_step = design.capabilities.reads_every_step
        super().__init__(
            {
                "enable": In(1),
                "code": In(signed(design.formats.adc_bits)),
                "first": In(1),
                "previous": In(signed(state_bits)),
                "update_coefficient": In(COEFFICIENT_BITS + 1),
                "word_coefficient": In(COEFFICIENT_BITS + 1),
                "candidate": Out(signed(state_bits)),
                "state": Out(signed(state_bits)),
                "stored": Out(signed(state_bits)),
                "word": word,
                "word_saturated": Out(1),
                **({"readout_word": word, "readout_word_saturated": Out(1)} if self.reads_every_step else {}),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        design = self.design
        entry = Signal(design.formats.state_bits, reset_less=True)
        negative, entered = Signal(reset_less=True), Signal()
        previous, stored = (Signal.like(self.previous, name=name, reset_less=True) for name in ("operand", "kept"))
        m.d.sync += entered.eq(self.enable)
        with m.If(self.enable):
            # As logic, not as an initialised memory, which only FPGAs have.
            with m.Switch(magnitude(self.code)[: design.formats.adc_bits - 1]):
                for code, value in enumerate(candidate_table(design)):
                    with m.Case(code):
                        m.d.sync += entry.eq(value)
            m.d.sync += [negative.eq(self.code < 0), previous.eq(Mux(self.first, 0, self.previous))]
        with m.If(entered):
            m.d.sync += stored.eq(self.state)
        raw = Signal(range((design.formats.state_limit << COEFFICIENT_BITS) + 1))
        rounded = Signal(len(raw))
        size = Signal(design.formats.state_bits)
        product = (self.candidate - previous) * self.update_coefficient
        m.d.comb += [
            self.candidate.eq(Mux(negative, -entry, entry)),
            # The rounding is the carry into the sum, from the bit below it: half of 2h + 1 + ⌊2x⌋ is h + rs(x, 0).
            self.state.eq((Cat(Const(1, 1), previous).as_signed() + product[COEFFICIENT_BITS - 1 :].as_signed()) >> 1),
            self.stored.eq(stored),
            size.eq(magnitude(stored)),
            raw.eq(size * self.word_coefficient),
            rounded.eq(round_shift(raw, design.formats.word_shift)),
            self.word_saturated.eq(rounded > design.formats.stream_limit),
            self.word.eq(
                Cat(
                    Mux(self.word_saturated, design.formats.stream_limit, rounded)[: design.formats.stream_bits],
                    stored < 0,
                )
            ),
        ]
        if self.reads_every_step:
            read, limit = Signal(len(size)), design.formats.stream_limit
            m.d.comb += [
                read.eq(round_shift(size, design.formats.readout_word_shift)),
                self.readout_word_saturated.eq(read > limit),
                self.readout_word.eq(
                    Cat(Mux(self.readout_word_saturated, limit, read)[: design.formats.stream_bits], stored < 0)
                ),
            ]
        return m
