"""Stretches: how much longer than the design point says the core gives to what the crossbar tiles do."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.reading import PlaneStretch
from remora.spec.crossbar.tiles import STRETCH_BITS


class ReadStretch(PlaneStretch):
    """Further cycles of a whole reading, seen from the registers.

    Ports:
        integrate: as of `PlaneStretch`.
        settle: as of `PlaneStretch`.
        convert: from valid codes to their use; where it is not 0, the next sample waits for that use besides.
    """

    def __init__(self, **members: wiring.Member) -> None:
        super().__init__(convert=Out(STRETCH_BITS), **members)


class Stretch(ReadStretch):
    """Further cycles of everything, seen from the registers.

    Ports:
        integrate: as of `PlaneStretch`.
        settle: as of `PlaneStretch`.
        convert: as of `ReadStretch`.
        pulse: after a programming pulse, for which its tile is taken to be busy.
    """

    def __init__(self) -> None:
        super().__init__(pulse=Out(STRETCH_BITS))


class Recovery(wiring.Component):
    """Takes all tiles to be busy for ``cycles`` cycles after the end of a pulse of one of them.

    Ports:
        cycles: so many.
        pulse: a pulse lasts.
        recovering: its end was at most so many cycles ago.
    """

    def __init__(self) -> None:
        super().__init__({"cycles": In(STRETCH_BITS), "pulse": In(1), "recovering": Out(1)})

    def elaborate(self, platform) -> Module:
        m = Module()
        left, recovering = countdown(m, self.pulse, self.cycles, "left"), Signal()
        # Whether some are left, from a flip-flop: much waits for it.
        m.d.sync += recovering.eq(Mux(self.pulse, self.cycles, left).any() & (self.pulse | (left != 1)))
        m.d.comb += self.recovering.eq(recovering)
        return m


def countdown(m: Module, load: Value, cycles: Value, name: str) -> Signal:
    """A counter that takes ``cycles`` at ``load``, and falls to 0 after it."""
    left = Signal(STRETCH_BITS, name=name)
    with m.If(load):
        m.d.sync += left.eq(cycles)
    with m.Elif(left != 0):
        m.d.sync += left.eq(left - 1)
    return left
