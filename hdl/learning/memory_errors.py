"""Memory errors: counts the words of accumulators and reservoir that were read with a wrong parity."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.spec.crossbar.memories import HostMemory

COUNT_BITS = 16


class MemoryErrors(wiring.Component):
    """Two counts, each of which stays at its largest number.

    Ports:
        errors: one bit a memory, as of `remora.spec.crossbar.memories.HostMemory`: a word was read wrongly.
        clear: both counts become 0; an error in the same cycle is counted.
        accumulators: how many words of accumulators.
        reservoir: how many steps and heads of the reservoir.

    Args:
        bits: width of a count.
    """

    def __init__(self, bits: int = COUNT_BITS) -> None:
        super().__init__(
            {
                "errors": In(len(HostMemory)),
                "clear": In(1),
                "accumulators": Out(bits),
                "reservoir": Out(bits),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        self._count(m, self.accumulators, self.errors[HostMemory.ACCUMULATORS])
        reservoir = (HostMemory.RESERVOIR_STEPS, HostMemory.RESERVOIR_HEADS)
        self._count(m, self.reservoir, sum(self.errors[memory] for memory in reservoir))
        return m

    def _count(self, m: Module, count: Signal, more) -> None:
        found, most = Signal(len(count) + 1), (1 << len(count)) - 1
        m.d.comb += found.eq(Mux(self.clear, 0, count) + more)
        m.d.sync += count.eq(Mux(found > most, most, found))
