"""Counters: 48 bits each, copied all at one instant for reading."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.spec.bmru.counters import BmruCounter
from remora.spec.crossbar.counters import Counter
from remora.spec.lib.registers import COUNTER_BITS


class Counters(wiring.Component):
    """Member ``<counter>_increment`` is added every cycle; ``<counter>`` is the value at the last ``snapshot``.

    Rule N7.

    A snapshot in cycle t holds everything counted up to t − 1 and shows from t + 1. Counters wrap after 2⁴⁸ (160 days
    at 20 MHz).

    Args:
        increment_bits: width of the increment of those counters that can grow by more than 1 in a cycle.
        counters: those that there are; all where None.
    """

    def __init__(self, increment_bits: dict, counters: Sequence[Counter | BmruCounter] | None = None) -> None:
        self.counters = tuple(Counter) if counters is None else counters
        members = {}
        for counter in self.counters:
            name = counter.name.lower()
            members[f"{name}_increment"] = In(increment_bits.get(counter, 1))
            members[name] = Out(COUNTER_BITS)
        super().__init__({"snapshot": In(1), **members})

    def elaborate(self, platform) -> Module:
        m = Module()
        for counter in self.counters:
            name = counter.name.lower()
            live = Signal(COUNTER_BITS, name=f"{name}_live")
            m.d.sync += live.eq(live + getattr(self, f"{name}_increment"))
            with m.If(self.snapshot):
                m.d.sync += getattr(self, name).eq(live)
        return m
