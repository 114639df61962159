"""Answer: sends a sequence's result as an AXI4-Stream packet."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.axi import AxiStream
from remora.spec.lib.fixed import unsigned_width
from remora.spec.lib.packets import BEAT_BYTES
from remora.spec.lib.section import Design


class Answer(wiring.Component):
    """Header, then one beat a class (see :mod:`remora.spec.lib.packets`).

    The stream keeps AXI's promise: a beat once offered stays until it is taken.

    Ports:
        push: while ``ready``, takes the result.
        ready: low from ``push`` until the packet's last beat has passed.
        decision: the class.
        flags: of the packet that is answered.
        tag: of the packet that is answered.
        scores: of all classes, class 0 in the low bits.
        stream: the answers.

    Args:
        score_bits: of a score, two's complement; those of the ADC's codes where None.
    """

    def __init__(self, design: Design, score_bits: int | None = None) -> None:
        self.design = design
        self.score_bits = design.formats.adc_bits if score_bits is None else score_bits
        classes = design.network.classes
        super().__init__(
            {
                "push": In(1),
                "ready": Out(1),
                "decision": In(unsigned_width(classes - 1)),
                "flags": In(8),
                "tag": In(8),
                "scores": In(self.score_bits * classes),
                "stream": Out(AxiStream(BEAT_BYTES)),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        classes, bits = self.design.network.classes, self.score_bits
        left = Signal(range(classes + 2))
        """Beats left, the one on offer included."""
        beat, scores = Signal(8 * BEAT_BYTES), Signal(bits * classes, reset_less=True)
        score = Signal(signed(8 * BEAT_BYTES))
        m.d.comb += [
            self.ready.eq(left == 0),
            score.eq(scores[:bits].as_signed()),
            self.stream.tvalid.eq(left != 0),
            self.stream.tdata.eq(beat),
            self.stream.tkeep.eq(-1),
            self.stream.tlast.eq(left == 1),
        ]
        with m.If(self.push & self.ready):
            m.d.sync += [
                left.eq(classes + 1),
                beat.eq(Cat(self.decision, Const(0, 16 - len(self.decision)), self.flags, self.tag)),
                scores.eq(self.scores),
            ]
        with m.Elif(self.stream.tvalid & self.stream.tready):
            m.d.sync += [left.eq(left - 1), beat.eq(score), scores.eq(scores >> bits)]
        return m
