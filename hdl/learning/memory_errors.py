"""Memory errors: counts the words of what was learnt that were read with a wrong parity."""

from __future__ import annotations

from collections.abc import Iterable

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.spec.crossbar.memories import HostMemory, parity_bits

COUNT_BITS = 16


class MemoryErrors(wiring.Component):
    """Two counts, each of which stays at its largest number.

    Ports:
        errors: one bit a memory, as of `remora.spec.crossbar.memories.HostMemory`: a word was read wrongly.
        clear: both counts become 0; an error in the same cycle is counted.
        accumulators: how many words of accumulators and of the fault map.
        reservoir: how many steps and heads of the reservoir.

    Args:
        bits: width of a count.
        memories: those that there are; where there is no fault map, any.
    """

    def __init__(self, bits: int = COUNT_BITS, memories: Iterable[HostMemory] = ()) -> None:
        super().__init__(
            {
                "errors": In(parity_bits(memories)),
                "clear": In(1),
                "accumulators": Out(bits),
                "reservoir": Out(bits),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        # Without a fault map its bit is not there.
        of_columns = self.errors[HostMemory.ACCUMULATORS], *self.errors[HostMemory.FAULT_MAP :]
        self._count(m, self.accumulators, sum(of_columns[1:], of_columns[0]))
        reservoir = (HostMemory.RESERVOIR_STEPS, HostMemory.RESERVOIR_HEADS)
        self._count(m, self.reservoir, sum(self.errors[memory] for memory in reservoir))
        return m

    def _count(self, m: Module, count: Signal, more) -> None:
        found, most = Signal(len(count) + 1), (1 << len(count)) - 1
        m.d.comb += found.eq(Mux(self.clear, 0, count) + more)
        m.d.sync += count.eq(Mux(found > most, most, found))
