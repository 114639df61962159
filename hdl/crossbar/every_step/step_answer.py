"""Answer with a part for every step: sends the parts of a sequence as one AXI4-Stream packet."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.axi import AxiStream
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.fixed import unsigned_width
from remora.spec.lib.packets import BEAT_BYTES


class StepAnswer(wiring.Component):
    """Each part is a header, then one beat a class; TLAST ends the last part (see :mod:`remora.spec.lib.packets`).

    A part is sent while the next one waits, and parts follow each other without a gap. The last beat of a part is on
    offer once it is known whether another part follows in the packet: when that one waits, when the part is the last,
    or with ``close``. So a packet that is cut short has whole parts, one at least, and ends with TLAST.

    The stream keeps AXI's promise: a beat once offered stays until it is taken.

    Ports:
        push: while ``ready``, takes a part.
        ready: no part waits.
        empty: no part waits or is being sent.
        close: the part that came last, in this cycle or before, ends its packet.
        decision: the class.
        flags: of the packet that is answered.
        tag: of the packet that is answered.
        scores: of all classes, class 0 in the low bits.
        last: the part ends its packet.
        stream: the answers.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        classes = design.network.classes
        super().__init__(
            {
                "push": In(1),
                "ready": Out(1),
                "empty": Out(1),
                "close": In(1),
                "decision": In(unsigned_width(classes - 1)),
                "flags": In(8),
                "tag": In(8),
                "scores": In(design.formats.adc_bits * classes),
                "last": In(1),
                "stream": Out(AxiStream(BEAT_BYTES)),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        classes, bits = self.design.network.classes, self.design.formats.adc_bits
        # The part that waits, and the one that is sent.
        waits, waiting_last = Signal(), Signal()
        waiting_head = Signal(8 * BEAT_BYTES, reset_less=True)
        waiting_scores = Signal(bits * classes, reset_less=True)
        left, sending_last = Signal(range(classes + 2)), Signal()
        """Beats left, the one on offer included."""
        beat, scores = Signal(8 * BEAT_BYTES), Signal(bits * classes)
        score = Signal(signed(8 * BEAT_BYTES))
        taken, begin, take = Signal(), Signal(), Signal()
        m.d.comb += [
            self.ready.eq(~waits),
            self.empty.eq((left == 0) & ~waits),
            score.eq(scores[:bits].as_signed()),
            self.stream.tvalid.eq((left > 1) | ((left == 1) & (sending_last | waits))),
            self.stream.tdata.eq(beat),
            self.stream.tkeep.eq(-1),
            self.stream.tlast.eq((left == 1) & sending_last),
            taken.eq(self.stream.tvalid & self.stream.tready),
            begin.eq(waits & ((left == 0) | ((left == 1) & taken))),
            take.eq(self.push & self.ready),
        ]
        m.d.sync += waits.eq(Mux(take, 1, waits & ~begin))
        with m.If(take):
            m.d.sync += [
                waiting_head.eq(Cat(self.decision, Const(0, 16 - len(self.decision)), self.flags, self.tag)),
                waiting_scores.eq(self.scores),
            ]
        with m.If(take | (self.close & waits)):
            m.d.sync += waiting_last.eq(self.close | self.last)
        with m.If(begin):
            m.d.sync += [
                left.eq(classes + 1),
                beat.eq(waiting_head),
                scores.eq(waiting_scores),
                sending_last.eq(waiting_last | self.close),
            ]
        with m.Else():
            with m.If(taken):
                m.d.sync += [left.eq(left - 1), beat.eq(score), scores.eq(scores >> bits)]
            with m.If(self.close & ~waits & ~take):
                m.d.sync += sending_last.eq(1)
        return m
