"""Error unit: from the scores and the label to the error of every class."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.fixed import round_shift
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.learning import ERROR_CENTRE, ERROR_LIMIT, error_shift
from remora.spec.lib.fixed import signed_width, unsigned_width

ERROR_BITS = signed_width(ERROR_LIMIT)


class ErrorUnit(wiring.Component):
    """``e_k = clip(128 + quarter of score k, 0, 255) − 255·[k = label]``, one class a cycle.

    Rule L3.

    Ports:
        start: in cycle t, with ``scores`` and ``label`` stable from t for ``classes`` cycles.
        label: of the sequence.
        scores: of all classes, class 0 in the low bits.
        done: high from cycle t + classes until the next start.
        error: with ``done``; 9 bits a class, two's complement, class 0 in the low bits.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        classes = design.network.classes
        super().__init__(
            {
                "start": In(1),
                "label": In(16),
                "scores": In(design.formats.adc_bits * classes),
                "done": Out(1),
                "error": Out(ERROR_BITS * classes),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        classes, bits, shift = self.design.network.classes, self.design.formats.adc_bits, error_shift(self.design)
        index, running = Signal(unsigned_width(classes - 1)), Signal()
        score = Signal(signed(bits))
        m.d.comb += score.eq(self.scores.word_select(index, bits))
        quarter = score << shift if shift >= 0 else round_shift(score, -shift)
        centred = Signal(signed(len(quarter) + 2))
        probability, error = Signal(range(ERROR_LIMIT + 1)), Signal(signed(ERROR_BITS))
        m.d.comb += [
            centred.eq(quarter + ERROR_CENTRE),
            probability.eq(Mux(centred < 0, 0, Mux(centred > ERROR_LIMIT, ERROR_LIMIT, centred))),
            error.eq(probability - Mux(index == self.label, ERROR_LIMIT, 0)),
        ]
        with m.If(self.start | running):
            # Shifted in at the top: after the last class, class 0 has reached the bottom.
            m.d.sync += self.error.eq(Cat(self.error, error)[ERROR_BITS:])
            with m.If(index == classes - 1):
                m.d.sync += [index.eq(0), running.eq(0), self.done.eq(1)]
            with m.Else():
                m.d.sync += [index.eq(index + 1), running.eq(1), self.done.eq(0)]
        return m
