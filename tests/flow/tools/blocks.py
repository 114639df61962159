"""Small blocks on which the simulation mechanism itself is tried."""

from __future__ import annotations

from amaranth import Module
from amaranth.lib import fifo, wiring
from amaranth.lib.wiring import In, Out


class Adder(wiring.Component):
    """``total = left + right``, one cycle later; any width from 1."""

    def __init__(self, width: int) -> None:
        super().__init__({"left": In(width), "right": In(width), "total": Out(width + 1)})

    def elaborate(self, platform) -> Module:
        m = Module()
        m.d.sync += self.total.eq(self.left + self.right)
        return m


class Queue(wiring.Component):
    """A FIFO of Amaranth's library behind two streams; any depth from 1."""

    def __init__(self, width: int, depth: int) -> None:
        self._width, self._depth = width, depth
        super().__init__({"input": In(wiring_stream(width)), "output": Out(wiring_stream(width))})

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.fifo = queue = fifo.SyncFIFOBuffered(width=self._width, depth=self._depth)
        m.d.comb += [
            queue.w_data.eq(self.input.payload),
            queue.w_en.eq(self.input.valid),
            self.input.ready.eq(queue.w_rdy),
            self.output.payload.eq(queue.r_data),
            self.output.valid.eq(queue.r_rdy),
            queue.r_en.eq(self.output.ready),
        ]
        return m


def wiring_stream(width: int) -> wiring.Signature:
    """A stream of plain words."""
    return wiring.Signature({"payload": Out(width), "valid": Out(1), "ready": In(1)})
