"""Accumulator store: χ of every weight, one word a column, with the sweep that clears it."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.hierarchy import place
from hdl.memory import Memory
from spec.design import DesignPoint


class AccumulatorStore(wiring.Component):
    """One word a column: those of the hidden layer, then those of the readout; a word holds every row of the hidden
    layer.

    ``read`` with ``column`` in cycle t gives ``accumulators`` from cycle t + 1 until the next read; ``write`` stores
    ``data`` in ``column``. Never both at once. After every reset a sweep clears all columns, one a cycle; ``clearing``
    meanwhile, and nobody may read or write.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.columns = design.network.hidden + design.network.classes
        self.width = design.learning.accumulator_bits * design.hidden_rows
        super().__init__(
            {
                "clearing": Out(1, init=1),
                "column": In(range(self.columns)),
                "read": In(1),
                "accumulators": Out(self.width),
                "write": In(1),
                "data": In(self.width),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        memory = place(m, "memory", Memory(width=self.width, depth=self.columns))
        sweep = Signal(range(self.columns))
        m.d.comb += [
            memory.read.eq(self.read & ~self.clearing),
            memory.read_address.eq(self.column),
            self.accumulators.eq(memory.read_data),
        ]
        with m.If(self.clearing):
            m.d.comb += [memory.write.eq(1), memory.write_address.eq(sweep)]
            m.d.sync += sweep.eq(sweep + 1)
            with m.If(sweep == self.columns - 1):
                m.d.sync += [sweep.eq(0), self.clearing.eq(0)]
        with m.Else():
            m.d.comb += [
                memory.write.eq(self.write),
                memory.write_address.eq(self.column),
                memory.write_data.eq(self.data),
            ]
        return m
