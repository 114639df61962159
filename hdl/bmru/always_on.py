"""What stays awake of a BMRU accelerator: the enable of the clock that all else runs on, and the pace of frames."""

from __future__ import annotations

from amaranth.hdl import Module, ResetSignal, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.bmru.pace_timer import PaceTimer
from remora.hdl.lib.hierarchy import add_submodule
from remora.spec.bmru.cycles import AWAKE_AFTER
from remora.spec.lib.registers import WORD_BITS


class AlwaysOn(wiring.Component):
    """Enables the gated clock a cycle after something is asked for, and until nothing has been for ``AWAKE_AFTER``
    cycles, in which all that follows from it ends. A frame that waits for its time wakes the clock before that time.

    Ports:
        asks: something is offered and would be taken, is on offer to the outside, or is at work.
        waits: a frame is there, and starts as soon as it is due.
        run: frames may start.
        period: cycles between frames.
        start: a frame starts.
        due: a frame may start.
        in_reset: this is in reset.
        enable: the gated clock ticks at the end of this cycle; from a flip-flop. High in reset.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "asks": In(1),
                "waits": In(1),
                "run": In(1),
                "period": In(WORD_BITS),
                "start": In(1),
                "due": Out(1),
                "in_reset": Out(1),
                "enable": Out(1, init=1),  # type: ignore[call-arg]  # the stubs lack init
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        pace = add_submodule(m, "pace", PaceTimer())
        m.d.comb += [
            pace.run.eq(self.run),
            pace.period.eq(self.period),
            pace.start.eq(self.start),
            self.due.eq(pace.due),
            self.in_reset.eq(ResetSignal()),
        ]
        wanted, left = Signal(), Signal(range(AWAKE_AFTER + 1), init=AWAKE_AFTER)
        m.d.comb += wanted.eq(self.asks | (self.waits & pace.soon))
        with m.If(wanted):
            m.d.sync += left.eq(AWAKE_AFTER)
        with m.Elif(left != 0):
            m.d.sync += left.eq(left - 1)
        m.d.sync += self.enable.eq(wanted | (left != 0))
        return m
