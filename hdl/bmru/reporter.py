"""Reporter: hands what a frame has to tell to the answers' stream, one after the other."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.spec.bmru.design import BmruDesign
from remora.spec.bmru.frames import ReportFlag


class Reporter(wiring.Component):
    """Reports a frame, then a vote, each where it is asked for.

    ``frame_class``, ``majority`` and the packet's tag must stay until ``taken``.

    Ports:
        report_frames: frames are reported.
        report_votes: votes are reported.
        decide: while ``taken``, notes what there is to report.
        voted: with ``decide``, there is a vote.
        wake: with ``decide``, the vote wakes.
        frame_class: of the frame.
        majority: of the vote.
        taken: nothing is left to be offered.
        stalled: something is, and is not taken now.
        ready: as of `remora.hdl.lib.answer.Answer`.
        push: offers a report until ``ready``.
        decision: the class that is reported.
        flags: of the report.
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
