"""The controller with the BMRU core: everything between the streams and the registers."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.bmru.core import CoreMacro
from remora.hdl.bmru.frame_buffer import FrameBuffer
from remora.hdl.bmru.frame_sequencer import AWAKE_BITS, FrameSequencer
from remora.hdl.bmru.reporter import Reporter
from remora.hdl.bmru.scan_loader import HOST_MEMBERS, ScanLoader
from remora.hdl.bmru.settings import VOTE_BITS, VoteSettings
from remora.hdl.bmru.vote import Vote
from remora.hdl.lib.answer import Answer
from remora.hdl.lib.axi import AxiStream
from remora.hdl.lib.hierarchy import add_submodule
from remora.spec.bmru.counters import BmruCounter
from remora.spec.bmru.design import CHARGE_BITS, BmruDesign
from remora.spec.bmru.frames import FrameDrop
from remora.spec.lib.packets import BEAT_BYTES
from remora.spec.lib.registers import WORD_BITS

METERED = (BmruCounter.CYCLES, BmruCounter.CHARGE)
"""Counters that are not the controller's to increment."""


class BmruController(wiring.Component):
    """Frames in, answers out; codes through the scan window.

    ``run``: frames may start, once codes have passed their check and no scan command is under way. ``halted``: not
    ``run``, no frame in flight, its answers sent; the scan window must be used only then. ``abort``: frames, clip and
    votes are forgotten, the core is reset, a scan command ends; packets stay whole: an answer on offer is sent to its
    end, the rest of a packet being received is swallowed.

    ``clock_enable``: the core needs no clock while it is low. ``charge``: the core's meter. ``state``: of its cells at
    the last sample. Events are high for one cycle, ``dropped`` has one bit a cause. ``<counter>_increment``: what each
    counter grows by in this cycle.
    """

    def __init__(self, design: BmruDesign) -> None:
        self.design = design
        self._buffer = FrameBuffer(design)
        self.increment_bits = {BmruCounter.FEATURES_SATURATED: len(self._buffer.saturated)}
        super().__init__(
            {
                "input": In(AxiStream(BEAT_BYTES)),
                "output": Out(AxiStream(BEAT_BYTES)),
                "run": In(1),
                "abort": In(1),
                "period": In(WORD_BITS),
                "configured": In(VoteSettings()),
                "halted": Out(1),
                "busy": Out(1),
                "programmed": Out(1),
                "in_clip": Out(1),
                "clock_enable": Out(1),
                "awake_last": Out(AWAKE_BITS),
                "awake_most": Out(AWAKE_BITS),
                "charge": Out(CHARGE_BITS),
                "state": Out(design.network.cells),
                "clip_done": Out(1),
                "wake": Out(1),
                "clip_cut": Out(1),
                "feature_saturated": Out(1),
                "dropped": Out(len(FrameDrop)),
                "scan": In(wiring.Signature({name: member.flip() for name, member in HOST_MEMBERS.items()})),
                **{
                    f"{counter.name.lower()}_increment": Out(self.increment_bits.get(counter, 1))
                    for counter in BmruCounter
                    if counter not in METERED
                },
            }
        )

    def elaborate(self, platform) -> Module:
        m, design = Module(), self.design
        buffer = add_submodule(m, "buffer", self._buffer)
        sequencer = add_submodule(m, "sequencer", FrameSequencer(design), reset=self.abort)
        vote = add_submodule(m, "vote", Vote(design), reset=self.abort)
        reporter = add_submodule(m, "reporter", Reporter(design), reset=self.abort)
        answer = add_submodule(m, "answer", Answer(design, score_bits=VOTE_BITS + 1))
        loader = add_submodule(m, "loader", ScanLoader(design), reset=self.abort)
        core = add_submodule(m, "core", CoreMacro(design), reset=self.abort)

        wiring.connect(m, wiring.flipped(self.input), buffer.stream)
        wiring.connect(m, answer.stream, wiring.flipped(self.output))
        wiring.connect(m, wiring.flipped(self.configured), buffer.configured)
        wiring.connect(m, buffer.settings, vote.settings)
        self._connect_scan(m, loader, core)
        self._connect_frame(m, buffer, sequencer, vote, core, loader)
        self._connect_reports(m, buffer, sequencer, vote, reporter, answer)
        self._count(m, buffer, sequencer, vote)
        m.d.comb += [
            buffer.abort.eq(self.abort),
            buffer.programmed.eq(self.programmed),
            self.in_clip.eq(buffer.in_clip),
            self.busy.eq(sequencer.awake),
            self.halted.eq(~self.run & ~sequencer.awake & reporter.taken & answer.ready),
            self.clock_enable.eq(sequencer.awake | loader.busy | self.abort),
            self.awake_last.eq(sequencer.awake_last),
            self.awake_most.eq(sequencer.awake_most),
            self.charge.eq(core.charge),
            self.state.eq(core.state),
            self.dropped.eq(buffer.dropped),
        ]
        return m

    def _connect_scan(self, m: Module, loader: ScanLoader, core: CoreMacro) -> None:
        for name, member in HOST_MEMBERS.items():
            outside, inside = getattr(self.scan, name), getattr(loader, name)
            m.d.comb += inside.eq(outside) if member.flow is In else outside.eq(inside)
        for name in ("scan_enable", "scan_in", "scan_capture", "scan_latch"):
            m.d.comb += getattr(core, name).eq(getattr(loader, name))
        m.d.comb += loader.scan_out.eq(core.scan_out)
        # Outside the loader, which a soft reset ends: the codes that have passed stay good.
        with m.If(loader.doubted):
            m.d.sync += self.programmed.eq(0)
        with m.Elif(loader.trusted):
            m.d.sync += self.programmed.eq(1)

    def _connect_frame(self, m: Module, buffer, sequencer, vote, core, loader) -> None:
        applied = Signal.like(buffer.features)
        m.d.comb += [
            sequencer.run.eq(self.run & self.programmed & ~loader.busy),
            sequencer.period.eq(self.period),
            sequencer.available.eq(buffer.available),
            sequencer.first.eq(buffer.first),
            buffer.free.eq(sequencer.prepare),
            core.feature.eq(applied),
            vote.first.eq(buffer.first),
            vote.last.eq(buffer.last),
            vote.winner.eq(core.winner),
        ]
        for name in ("clear", "settle", "evaluate", "sample"):
            m.d.comb += getattr(core, name).eq(getattr(sequencer, name))
        for name in ("prepare", "take", "decide"):
            m.d.comb += getattr(vote, name).eq(getattr(sequencer, name))
        with m.If(sequencer.prepare):
            m.d.sync += applied.eq(buffer.features)

    def _connect_reports(self, m: Module, buffer, sequencer, vote, reporter, answer) -> None:
        # The buffer may show the next clip before this frame is decided.
        tag, report_frames, report_votes = Signal.like(buffer.tag), Signal(), Signal()
        with m.If(sequencer.prepare):
            m.d.sync += [
                tag.eq(buffer.tag),
                report_frames.eq(buffer.settings.report_frames),
                report_votes.eq(buffer.settings.report_votes),
            ]
        scores = [vote.votes.word_select(index, VOTE_BITS) for index in range(self.design.network.classes)]
        m.d.comb += [
            reporter.report_frames.eq(report_frames),
            reporter.report_votes.eq(report_votes),
            reporter.decide.eq(sequencer.decide),
            reporter.voted.eq(vote.voted),
            reporter.wake.eq(vote.wake),
            reporter.frame_class.eq(vote.frame_class),
            reporter.majority.eq(vote.majority),
            reporter.ready.eq(answer.ready),
            sequencer.reports_taken.eq(reporter.taken),
            sequencer.reports_stalled.eq(reporter.stalled),
            answer.push.eq(reporter.push),
            answer.decision.eq(reporter.decision),
            answer.flags.eq(reporter.flags),
            answer.tag.eq(tag),
            # Scores are signed, votes are not: a zero above each.
            answer.scores.eq(Cat(Cat(score, 0) for score in scores)),
        ]

    def _count(self, m: Module, buffer, sequencer, vote) -> None:
        m.d.comb += [
            self.clip_done.eq(vote.ended),
            self.wake.eq(vote.wake),
            self.clip_cut.eq(buffer.cut),
            self.feature_saturated.eq(buffer.saturated != 0),
            self.frames_increment.eq(sequencer.take),
            self.clips_increment.eq(vote.ended),
            self.clips_cut_increment.eq(buffer.cut),
            self.wake_ups_increment.eq(vote.wake),
            self.awake_cycles_increment.eq(sequencer.awake),
            self.frames_held_increment.eq(sequencer.held),
            self.features_saturated_increment.eq(buffer.saturated),
        ]
        for drop in FrameDrop:
            m.d.comb += getattr(self, f"dropped_{drop.name.lower()}_increment").eq(buffer.dropped[drop])
