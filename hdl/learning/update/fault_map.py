"""Fault map: a mark for each device that is stuck, with the sweep that clears it."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.fault_marks import MarkedColumn
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.memory import HostPort, Memory
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.learning import fault_word_bits, fault_words


class FaultMap(wiring.Component):
    """Words as rule M16 lays them out, a column each.

    After the reset pin a sweep clears all words, one a cycle; a soft reset leaves them.

    Rules M16 and Z1.

    Ports:
        clearing: the sweep is under way, and nobody may read or write.
        read: in cycle t gives ``marks`` from cycle t + 1 until the next read.
        column: the column that is read, those of the readout counted after the hidden ones.
        marks: the word read last.
        window: for when ``read`` is low; waits while the host reads.
        host: for when nobody else reads.
    """

    def __init__(self, design: DesignPoint) -> None:
        self._memory = Memory(
            width=fault_word_bits(design),
            depth=fault_words(design),
            small_bits=design.system.small_memory_bits,
            parity=design.capabilities.parity,
        )
        width, words = self._memory.width, self._memory.depth
        self.host_port = HostPort(width, words, design.capabilities.parity)
        super().__init__(
            {
                "clearing": Out(1, init=1),  # type: ignore[call-arg]  # the stubs lack init
                "read": In(1),
                "column": In(range(words)),
                "marks": Out(width),
                "window": In(MarkedColumn(design)),
                "host": In(self.host_port),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        memory, host = add_submodule(m, "memory", self._memory), self.host
        window, sweep = self.window, Signal(range(memory.depth))
        m.d.sync += window.valid.eq(window.read & ~host.read & ~self.clearing)
        m.d.comb += [
            memory.read.eq((self.read | host.read | window.read) & ~self.clearing),
            memory.read_address.eq(Mux(host.read, host.address, Mux(window.read, window.column, self.column))),
            self.marks.eq(memory.read_data),
            window.marks.eq(memory.read_data),
            host.read_data.eq(memory.read_data),
            memory.write.eq(self.clearing | host.write),
            memory.write_address.eq(Mux(self.clearing, sweep, host.address)),
            memory.write_data.eq(Mux(self.clearing, 0, host.write_data)),
        ]
        if self._memory.shape.parity:
            m.d.comb += host.parity_error.eq(memory.parity_error)
        with m.If(self.clearing):
            m.d.sync += sweep.eq(sweep + 1)
            with m.If(sweep == memory.depth - 1):
                m.d.sync += [sweep.eq(0), self.clearing.eq(0)]
        return m
