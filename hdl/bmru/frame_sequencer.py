"""Frame sequencer: when a frame starts, and the strobes that the BMRU core gets for it."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.spec.bmru.design import BmruDesign
from remora.spec.lib.fixed import unsigned_width

AWAKE_BITS = 16


class FrameSequencer(wiring.Component):
    """A frame is ``prepare``, the settle cycles with ``evaluate`` and ``sample`` as the core's contract has them,
    ``take``, ``decide``.

    It starts if ``run``, a frame is ``available``, it is ``due``, and ``reports_taken``.

    Rules A14 and A15.

    Ports:
        run: frames may start.
        due: as of `remora.hdl.bmru.pace_timer.PaceTimer`.
        available: a frame is there.
        first: it is its clip's first.
        reports_taken: nothing of the frame before waits to be reported.
        reports_stalled: something does, and is not taken now.
        start: a frame starts in the next cycle.
        prepare: the first cycle of a frame.
        clear: with ``prepare`` of a clip's first frame, resets the core's cells.
        settle: the core settles.
        evaluate: one bit a block of the core.
        sample: the core's outputs are sampled. These four come straight from flip-flops.
        take: the core's outputs are valid.
        decide: the vote is taken.
        awake: in these cycles alone frames need the clock.
        held: for one cycle a frame, when one that is due waits because the reports are stalled.
        awake_last: counts the cycles of ``awake`` of the last frame.
        awake_most: counts them for the longest frame.
    """

    def __init__(self, design: BmruDesign) -> None:
        self.design = design
        super().__init__(
            {
                "run": In(1),
                "due": In(1),
                "available": In(1),
                "first": In(1),
                "reports_taken": In(1),
                "reports_stalled": In(1),
                "start": Out(1),
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
        ready, start, was_held = Signal(), self.start, Signal()
        m.d.comb += [
            ready.eq(self.run & self.available & self.due),
            start.eq(ready & self.reports_taken & ~self.awake),
            self.held.eq(ready & self.reports_stalled & ~self.awake & ~was_held),
        ]
        with m.If(self.held):
            m.d.sync += was_held.eq(1)
        with m.If(start):
            m.d.sync += was_held.eq(0)

        last, blocks = self.design.settling.phase_cycles - 1, self.design.network.blocks
        cycle, phase = Signal(unsigned_width(last)), Signal(range(blocks + 1))
        decides = Signal()
        m.d.comb += decides.eq(cycle == last)
        # The strobes of the core are registers, which take what they are in the next cycle.
        m.d.sync += [self.clear.eq(0), self.settle.eq(0), self.evaluate.eq(0), self.sample.eq(0)]

        def settle_next(next_cycle: Value, next_phase: Value) -> None:
            m.d.sync += [cycle.eq(next_cycle), phase.eq(next_phase), self.settle.eq(1)]
            with m.If(next_cycle == last):
                m.d.sync += self.sample.eq(next_phase == blocks)
                m.d.sync += [self.evaluate[block].eq(next_phase == block) for block in range(blocks)]

        with m.FSM():
            with m.State("ASLEEP"):
                with m.If(start):
                    m.d.sync += self.clear.eq(self.first)
                    m.next = "PREPARE"
            with m.State("PREPARE"):
                m.d.comb += [self.prepare.eq(1), self.awake.eq(1)]
                settle_next(Const(0), Const(0))
                m.next = "SETTLE"
            with m.State("SETTLE"):
                m.d.comb += self.awake.eq(1)
                with m.If(~decides):
                    settle_next((cycle + 1)[: len(cycle)], phase)
                with m.Elif(phase != blocks):
                    settle_next(Const(0), (phase + 1)[: len(phase)])
                with m.Else():
                    m.next = "TAKE"
            with m.State("TAKE"):
                m.d.comb += [self.take.eq(1), self.awake.eq(1)]
                m.next = "DECIDE"
            with m.State("DECIDE"):
                m.d.comb += [self.decide.eq(1), self.awake.eq(1)]
                m.next = "ASLEEP"
        self._meter(m)
        return m

    def _meter(self, m: Module) -> None:
        """Count the cycles awake of a frame."""
        count = Signal(AWAKE_BITS)
        with m.If(self.awake):
            m.d.sync += count.eq(count + 1)
        with m.If(self.decide):
            m.d.sync += [count.eq(0), self.awake_last.eq(count + 1)]
            with m.If(count + 1 > self.awake_most):
                m.d.sync += self.awake_most.eq(count + 1)
