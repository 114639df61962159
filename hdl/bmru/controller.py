"""The controller with the BMRU core: everything between the streams and the registers."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.bmru.core import CoreMacro
from remora.hdl.bmru.frame_buffer import FrameBuffer
from remora.hdl.bmru.frame_sequencer import AWAKE_BITS, FrameSequencer
from remora.hdl.bmru.reporter import Reporter
from remora.hdl.bmru.scan_loader import ScanHost, ScanLoader
from remora.hdl.bmru.settings import VOTE_BITS, VoteSettings
from remora.hdl.bmru.vote import Vote
from remora.hdl.lib.answer import Answer
from remora.hdl.lib.axi import AxiStream
from remora.hdl.lib.counters import CounterIncrements
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.interfaces import pass_on
from remora.spec.bmru.counters import BmruCounter
from remora.spec.bmru.design import CHARGE_BITS, BmruDesign
from remora.spec.bmru.frames import FrameDrop
from remora.spec.lib.packets import BEAT_BYTES

ABOVE = (BmruCounter.CHARGE, BmruCounter.CYCLES)
"""Counters that the controller does not count: the charge has a meter of its own, and cycles go on while it sleeps."""


class BmruController(wiring.Component):
    """Frames in, answers out; codes through the scan window.

    ``abort`` resets the core too; packets stay whole: an answer on offer is sent to its end, the rest of a packet being
    received is swallowed. Events are high for one cycle.

    Ports:
        input: frames.
        output: answers.
        run: frames may start, once codes have passed their check and no scan command is under way.
        abort: forgets frames, clip and votes, and ends a scan command.
        due: a frame may start.
        configured: settings of the next clip.
        halted: not ``run``, no frame in flight, its answers sent.
        busy: a frame is in flight, or its answers are.
        programmed: codes have passed their check.
        in_clip: a clip is open.
        active: a frame, an answer or a scan command is under way.
        waits: a frame is there, and starts as soon as it is due.
        paced: frames may start.
        start: a frame starts.
        awake_last: cycles in which the last frame needed it.
        awake_most: cycles in which the longest did.
        charge: the core's meter.
        state: of the core's cells at the last sample.
        clip_done: a clip's vote is taken.
        wake: a vote wakes.
        clip_cut: a clip ends because another starts.
        feature_saturated: a frame had a feature beyond the DAC's codes.
        dropped: one bit a cause.
        scan: the way to the codes, to be used only while ``halted``.
        counts: what the counters grow by in this cycle, those of ``ABOVE`` apart.
    """

    def __init__(self, design: BmruDesign) -> None:
        self.design = design
        self._buffer = FrameBuffer(design)
        bits: dict[BmruCounter, int] = {counter: 1 for counter in BmruCounter if counter not in ABOVE}
        bits[BmruCounter.FEATURES_SATURATED] = len(self._buffer.saturated)
        super().__init__(
            {
                "input": In(AxiStream(BEAT_BYTES)),
                "output": Out(AxiStream(BEAT_BYTES)),
                "run": In(1),
                "abort": In(1),
                "due": In(1),
                "configured": In(VoteSettings()),
                "halted": Out(1),
                "busy": Out(1),
                "programmed": Out(1),
                "in_clip": Out(1),
                "active": Out(1),
                "waits": Out(1),
                "paced": Out(1),
                "start": Out(1),
                "awake_last": Out(AWAKE_BITS),
                "awake_most": Out(AWAKE_BITS),
                "charge": Out(CHARGE_BITS),
                "state": Out(design.network.cells),
                "clip_done": Out(1),
                "wake": Out(1),
                "clip_cut": Out(1),
                "feature_saturated": Out(1),
                "dropped": Out(len(FrameDrop)),
                "scan": In(ScanHost()),
                "counts": Out(CounterIncrements(bits)),
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

        pass_on(m, self.input, buffer.stream)
        wiring.connect(m, answer.stream, wiring.flipped(self.output))
        pass_on(m, self.configured, buffer.configured)
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
            self.active.eq(sequencer.awake | loader.host.busy | ~reporter.taken | ~answer.ready),
            self.waits.eq(sequencer.run & buffer.available),
            self.paced.eq(sequencer.run),
            self.start.eq(sequencer.start),
            self.awake_last.eq(sequencer.awake_last),
            self.awake_most.eq(sequencer.awake_most),
            self.charge.eq(core.charge),
            self.state.eq(core.state),
            self.dropped.eq(buffer.dropped),
        ]
        return m

    def _connect_scan(self, m: Module, loader: ScanLoader, core: CoreMacro) -> None:
        pass_on(m, self.scan, loader.host)
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
            sequencer.run.eq(self.run & self.programmed & ~loader.host.busy),
            sequencer.due.eq(self.due),
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
        counts = self.counts
        m.d.comb += [
            self.clip_done.eq(vote.ended),
            self.wake.eq(vote.wake),
            self.clip_cut.eq(buffer.cut),
            self.feature_saturated.eq(buffer.saturated != 0),
            counts.frames.eq(sequencer.take),
            counts.clips.eq(vote.ended),
            counts.clips_cut.eq(buffer.cut),
            counts.wake_ups.eq(vote.wake),
            counts.awake_cycles.eq(sequencer.awake),
            counts.frames_held.eq(sequencer.held),
            counts.features_saturated.eq(buffer.saturated),
        ]
        for drop in FrameDrop:
            m.d.comb += getattr(counts, f"dropped_{drop.name.lower()}").eq(buffer.dropped[drop])
