"""Frame sequencer: when a frame starts, and the strobes that the BMRU core gets for it."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.spec.bmru.design import BmruDesign
from remora.spec.lib.fixed import unsigned_width
from remora.spec.lib.registers import WORD_BITS

AWAKE_BITS = 16


class FrameSequencer(wiring.Component):
    """A frame is ``prepare``, the settle cycles with ``evaluate`` and ``sample`` as the core's contract has them,
    ``take``, ``decide``.

    It starts if ``run``, a frame is ``available``, it is due, and ``reports_taken``. A frame is due every ``period``
    cycles, counted while ``run``, from the first cycle on; one that starts late does not move the ones after it, which
    may then follow sooner. With period 0 frames are always due.

    Rules A14 and A15.

    Ports:
        run: frames may start.
        period: cycles between frames.
        available: a frame is there.
        first: it is its clip's first.
        reports_taken: nothing of the frame before waits to be reported.
        reports_stalled: something does, and is not taken now.
        prepare: the first cycle of a frame.
        clear: with ``prepare`` of a clip's first frame, resets the core's cells.
        settle: the core settles.
        evaluate: one bit a block of the core.
        sample: the core's outputs are sampled.
        take: the core's outputs are valid.
        decide: the vote is taken.
        awake: in these cycles alone frames need the core's clock; the sequencer waits and counts in all.
        held: for one cycle a frame, when one that is due waits because the reports are stalled.
        awake_last: counts the cycles of ``awake`` of the last frame.
        awake_most: counts them for the longest frame.
    """

    def __init__(self, design: BmruDesign) -> None:
        self.design = design
        super().__init__(
            {
                "run": In(1),
                "period": In(WORD_BITS),
                "available": In(1),
                "first": In(1),
                "reports_taken": In(1),
                "reports_stalled": In(1),
                "prepare": Out(1),
                "clear": Out(1),
                "settle": Out(1),
                "evaluate": Out(design.network.blocks),
                "sample": Out(1),
                "take": Out(1),
                "decide": Out(1),
                "awake": Out(1),
                "held": Out(1),
                "awake_last": Out(AWAKE_BITS),
                "awake_most": Out(AWAKE_BITS),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        due = self._pace(m)
        ready, start, was_held = Signal(), Signal(), Signal()
        m.d.comb += [
            ready.eq(self.run & self.available & due),
            start.eq(ready & self.reports_taken & ~self.awake),
            self.held.eq(ready & self.reports_stalled & ~self.awake & ~was_held),
        ]
        with m.If(self.held):
            m.d.sync += was_held.eq(1)
        with m.If(start):
            m.d.sync += was_held.eq(0)

        cycle = Signal(unsigned_width(self.design.settling.phase_cycles - 1))
        phase = Signal(range(self.design.network.blocks + 1))
        decides = Signal()
        m.d.comb += decides.eq(cycle == self.design.settling.phase_cycles - 1)
        with m.FSM():
            with m.State("ASLEEP"):
                with m.If(start):
                    m.next = "PREPARE"
            with m.State("PREPARE"):
                m.d.comb += [self.prepare.eq(1), self.clear.eq(self.first), self.awake.eq(1)]
                m.d.sync += [cycle.eq(0), phase.eq(0)]
                m.next = "SETTLE"
            with m.State("SETTLE"):
                m.d.comb += [self.settle.eq(1), self.awake.eq(1)]
                m.d.sync += cycle.eq(cycle + 1)
                with m.If(decides):
                    m.d.sync += [cycle.eq(0), phase.eq(phase + 1)]
                    with m.If(phase == self.design.network.blocks):
                        m.d.comb += self.sample.eq(1)
                        m.next = "TAKE"
                    with m.Else():
                        m.d.comb += self.evaluate.bit_select(phase, 1).eq(1)
            with m.State("TAKE"):
                m.d.comb += [self.take.eq(1), self.awake.eq(1)]
                m.next = "DECIDE"
            with m.State("DECIDE"):
                m.d.comb += [self.decide.eq(1), self.awake.eq(1)]
                m.next = "ASLEEP"
        self._meter(m)
        m.d.comb += self._start.eq(start)
        return m

    def _pace(self, m: Module) -> Signal:
        """Whether a frame is due."""
        self._start = Signal(name="start")
        elapsed, pending, due = Signal(WORD_BITS), Signal(init=1), Signal()
        m.d.comb += due.eq(pending | (self.period == 0))
        with m.If(self._start):
            m.d.sync += pending.eq(0)
        with m.If(~self.run):
            m.d.sync += [elapsed.eq(0), pending.eq(1)]
        with m.Elif(elapsed + 1 >= self.period):
            m.d.sync += [elapsed.eq(0), pending.eq(1)]
        with m.Else():
            m.d.sync += elapsed.eq(elapsed + 1)
        return due

    def _meter(self, m: Module) -> None:
        """Count the cycles awake of a frame."""
        count = Signal(AWAKE_BITS)
        with m.If(self.awake):
            m.d.sync += count.eq(count + 1)
        with m.If(self.decide):
            m.d.sync += [count.eq(0), self.awake_last.eq(count + 1)]
            with m.If(count + 1 > self.awake_most):
                m.d.sync += self.awake_most.eq(count + 1)
