"""Reporter: hands what a frame has to tell to the answers' stream, one after the other."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.spec.bmru.design import BmruDesign
from remora.spec.bmru.frames import ReportFlag


class Reporter(wiring.Component):
    """``decide`` while ``taken`` notes that there is a frame to report if ``report_frames``, a vote if ``voted`` and
    ``report_votes``. Each, the frame first, is offered with ``push`` until ``ready``, as `remora.hdl.lib.answer.Answer`
    takes it: ``decision``, ``flags``, ``tag``. ``taken``: nothing is left to be offered.
    ``stalled``: something is, and is not taken now.

    ``frame_class``, ``majority`` and ``tag`` must stay until ``taken``; ``wake`` is noted.
    """

    def __init__(self, design: BmruDesign) -> None:
        super().__init__(
            {
                "report_frames": In(1),
                "report_votes": In(1),
                "decide": In(1),
                "voted": In(1),
                "wake": In(1),
                "frame_class": In(design.network.class_bits),
                "majority": In(design.network.class_bits),
                "taken": Out(1),
                "stalled": Out(1),
                "ready": In(1),
                "push": Out(1),
                "decision": Out(design.network.class_bits),
                "flags": Out(8),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        frame, vote, woke = Signal(), Signal(), Signal()
        m.d.comb += [
            self.taken.eq(~frame & ~vote),
            self.push.eq(frame | vote),
            self.stalled.eq(self.push & ~self.ready),
            self.decision.eq(Mux(frame, self.frame_class, self.majority)),
            self.flags.eq(Mux(frame, int(ReportFlag.FRAME), int(ReportFlag.VOTE) | Mux(woke, int(ReportFlag.WAKE), 0))),
        ]
        with m.If(self.decide):
            m.d.sync += [
                frame.eq(self.report_frames),
                vote.eq(self.voted & self.report_votes),
                woke.eq(self.wake),
            ]
        with m.Elif(self.ready):
            m.d.sync += frame.eq(0)
            with m.If(~frame):
                m.d.sync += vote.eq(0)
        return m
