"""Pace timer: when frames are due."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.spec.lib.registers import WORD_BITS

EARLY_CYCLES = 4
"""So long before a frame becomes due ``soon`` rises, at least where the period is as long."""


class PaceTimer(wiring.Component):
    """A frame is due every ``period`` cycles, counted while ``run``, from the first cycle on; with period 0 always. It
    stays due until ``start``, and several that nobody started count as one.

    A change of ``period`` counts from two cycles later.

    Args:
        bits: of a period.

    Ports:
        run: frames may start.
        period: cycles between frames.
        start: a frame starts.
        due: a frame may start.
        soon: a frame is due, or will be within a few cycles.
    """

    def __init__(self, bits: int = WORD_BITS) -> None:
        self.bits = bits
        super().__init__(
            {"run": In(1), "period": In(bits), "start": In(1), "due": Out(1), "soon": Out(1)},
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        elapsed, ends, pending, near = Signal(self.bits), Signal(), Signal(init=1), Signal()
        always, single, last, early = Signal(), Signal(), Signal(self.bits), Signal(self.bits)
        # What the period says is registered, and whether a period ends is decided a cycle before.
        m.d.sync += [
            always.eq(self.period == 0),
            single.eq(self.period <= 1),
            last.eq(Mux(self.period <= 2, 0, self.period - 2)),
            early.eq(Mux(self.period <= 2 + EARLY_CYCLES, 0, self.period - (2 + EARLY_CYCLES))),
            near.eq(elapsed >= early),
        ]
        m.d.comb += [self.due.eq(pending | always), self.soon.eq(self.due | near | ends)]
        with m.If(self.start):
            m.d.sync += pending.eq(0)
        with m.If(~self.run | ends):
            m.d.sync += [elapsed.eq(0), pending.eq(1), ends.eq(single)]
        with m.Else():
            m.d.sync += [elapsed.eq(elapsed + 1), ends.eq(elapsed >= last)]
        return m
