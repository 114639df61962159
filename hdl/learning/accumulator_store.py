"""Accumulator store: χ of every weight, with the sweep that clears it."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.memory import HostPort, Memory
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.learning import accumulator_word_bits, accumulator_words


class AccumulatorStore(wiring.Component):
    """Words as rule M9 lays them out.

    After every reset a sweep clears all words, one a cycle.

    Rules M9 and Z1.

    Ports:
        clearing: the sweep is under way, and nobody may read or write.
        read: in cycle t gives ``accumulators`` from cycle t + 1 until the next read.
        read_address: the word that is read.
        accumulators: the word read last.
        write: stores ``data`` at the end of the cycle; of another word than is read.
        write_address: the word that is written.
        data: what is stored.
        host: for when nobody else reads or writes.
    """

    def __init__(self, design: DesignPoint) -> None:
        self._memory = Memory(
            width=accumulator_word_bits(design),
            depth=accumulator_words(design),
            small_bits=design.system.small_memory_bits,
            parity=design.capabilities.parity,
        )
        width, words = self._memory.width, self._memory.depth
        self.host_port = HostPort(width, words, design.capabilities.parity)
        super().__init__(
            {
                "clearing": Out(1, init=1),  # type: ignore[call-arg]  # the stubs lack init
                "read": In(1),
                "read_address": In(range(words)),
                "accumulators": Out(width),
                "write": In(1),
                "write_address": In(range(words)),
                "data": In(width),
                "host": In(self.host_port),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        memory, host = add_submodule(m, "memory", self._memory), self.host
        sweep = Signal(range(memory.depth))
        m.d.comb += [
            memory.read.eq((self.read | host.read) & ~self.clearing),
            memory.read_address.eq(self.read_address),
            self.accumulators.eq(memory.read_data),
            host.read_data.eq(memory.read_data),
        ]
        if self._memory.shape.parity:
            m.d.comb += host.parity_error.eq(memory.parity_error)
        with m.If(host.read):
            m.d.comb += memory.read_address.eq(host.address)
        with m.If(self.clearing):
            m.d.comb += [memory.write.eq(1), memory.write_address.eq(sweep)]
            m.d.sync += sweep.eq(sweep + 1)
            with m.If(sweep == memory.depth - 1):
                m.d.sync += [sweep.eq(0), self.clearing.eq(0)]
        with m.Elif(host.write):
            m.d.comb += [
                memory.write.eq(1),
                memory.write_address.eq(host.address),
                memory.write_data.eq(host.write_data),
            ]
        with m.Else():
            m.d.comb += [
                memory.write.eq(self.write),
                memory.write_address.eq(self.write_address),
                memory.write_data.eq(self.data),
            ]
        return m
