"""Counters: 48 bits each, copied all at one instant for reading."""

from __future__ import annotations

from collections.abc import Mapping

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.registers import RegisterBlock
from remora.spec.bmru.counters import BmruCounter
from remora.spec.crossbar.counters import Counter
from remora.spec.lib.registers import COUNTER_BITS

HALF_BITS = COUNTER_BITS // 2
CounterBits = Mapping[Counter, int] | Mapping[BmruCounter, int]
"""Counters of a system, and how many bits each grows by in a cycle."""


class CounterIncrements(wiring.Signature):
    """What counters grow by in this cycle, seen from who counts.

    Ports:
        <counter>: the increment of this counter, its name in lower case.
    """

    def __init__(self, bits: CounterBits) -> None:
        self.bits = bits
        super().__init__({counter.name.lower(): Out(width) for counter, width in bits.items()})


class CounterValues(wiring.Signature):
    """The values of counters, seen from the counters.

    Ports:
        <counter>: its value at the last snapshot.
    """

    def __init__(self, bits: CounterBits) -> None:
        super().__init__({counter.name.lower(): Out(COUNTER_BITS) for counter in bits})


class Counters(wiring.Component):
    """Counters that a snapshot copies all at one instant.

    A snapshot in cycle t holds everything counted up to t − 1 and shows from t + 2, which is before the bus can read it
    after the response to the write that took it. Counters wrap after 2⁴⁸ (160 days at 20 MHz).

    A reset, of two cycles or more, clears the counts in its first cycle. The copies, which have none of their own, take
    them in the next.

    Increments are registered, and the upper half of a counter takes the carry of the lower a cycle later, so that
    neither what is counted nor a long carry limits the clock.

    Rule N7.

    Ports:
        snapshot: copies all counters.
        increments: are added every cycle.
        values: the copies.

    Args:
        bits: the counters that there are, and the width of each increment.
        module_name: of the Verilog module.
    """

    def __init__(self, bits: CounterBits, module_name: str = "counters") -> None:
        self.module_name = module_name
        super().__init__(
            {"snapshot": In(1), "increments": In(CounterIncrements(bits)), "values": Out(CounterValues(bits))}
        )

    def connect_registers(self, m: Module, registers: RegisterBlock) -> None:
        """Connect snapshot and values, seen from outside, with the registers."""
        m.d.comb += self.snapshot.eq(registers.control_snapshot)
        for name in self.values.signature.members:
            words = Cat(getattr(registers, f"{name}_low_value"), getattr(registers, f"{name}_high_value"))
            m.d.comb += words.eq(getattr(self.values, name))

    def elaborate(self, platform) -> Module:
        m = Module()
        snapshot = Signal(init=1)
        m.d.sync += snapshot.eq(self.snapshot)
        for name in self.values.signature.members:
            increment = getattr(self.increments, name)
            added = Signal(len(increment), name=f"{name}_added")
            low, high = (Signal(HALF_BITS, name=f"{name}_{half}") for half in ("low", "high"))
            carry, upper = Signal(name=f"{name}_carry"), Signal(HALF_BITS, name=f"{name}_upper")
            m.d.sync += [added.eq(increment), Cat(low, carry).eq(low + added[:HALF_BITS]), high.eq(upper)]
            m.d.comb += upper.eq(high + carry)
            if len(added) > HALF_BITS:
                late = Signal(len(added) - HALF_BITS, name=f"{name}_late")
                m.d.sync += late.eq(added[HALF_BITS:])
                m.d.comb += upper.eq(high + late + carry)
            copy = Signal(COUNTER_BITS, name=f"{name}_copy", reset_less=True)
            m.d.comb += getattr(self.values, name).eq(copy)
            with m.If(snapshot):
                m.d.sync += copy.eq(Cat(low, upper))
        return m
