"""Macro watch: a macro that never answers ends in a time-out, not in a hang."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.spec.crossbar.layout import Layer
from remora.spec.crossbar.tiles import TIMEOUT_BITS

CAUSES = (
    *(f"{layer.name.lower()}_conversion" for layer in Layer),
    *(f"{layer.name.lower()}_pulse" for layer in Layer),
    "overrun",
)
"""What stops the core, in the order of the bits; also the fields of the register."""


class MacroWaits(wiring.Signature):
    """What the tiles of a layer keep the core waiting for, seen from the tiles.

    Ports:
        conversion: a conversion is under way whose codes are not valid yet.
        overrun: another conversion begins before that.
        pulse: a programming pulse lasts.
    """

    def __init__(self) -> None:
        super().__init__({name: Out(1) for name in ("conversion", "overrun", "pulse")})


class WatchHost(wiring.Signature):
    """Time-outs, seen from the registers.

    Ports:
        limit: a wait of so many cycles is legal; 0: no wait ends in a time-out.
        expired: high for one cycle when the core stops.
        causes: one bit of each of `CAUSES`, from then on until a soft reset has taken effect.
    """

    def __init__(self) -> None:
        super().__init__({"limit": Out(TIMEOUT_BITS), "expired": In(1), "causes": In(len(CAUSES))})


class MacroWatch(wiring.Component):
    """A wait of at most ``host.limit`` cycles never stops the core; one of twice ``host.limit + 1`` always does.

    One counter serves all waits: a wait that lasts from one of its ends to the next has lasted too long. A lower limit
    acts at once, and a limit of 0 forgets how long the waits have lasted. A larger one acts from the next end of the
    counter, which may stop a wait that has lasted longer than the limit before. A conversion that begins before the one
    before is valid stops the core at once, because nothing tells whose codes come next.

    Ports:
        host: what the registers set and read.
        hidden: waits for the tiles of the hidden layer.
        readout: waits for the tiles of the readout.
        clear: forgets the causes.
        stopped: there is a cause.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "host": In(WatchHost()),
                "hidden": In(MacroWaits()),
                "readout": In(MacroWaits()),
                "clear": In(1),
                "stopped": Out(1),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        host, layers = self.host, (self.hidden, self.readout)
        waits = Cat(*(layer.conversion for layer in layers), *(layer.pulse for layer in layers))
        left, end, lasting, found = Signal(TIMEOUT_BITS), Signal(), Signal(len(waits)), Signal(len(CAUSES))
        m.d.comb += [
            end.eq((left == 0) & (host.limit != 0)),
            found.eq(Cat(lasting & waits & end.replicate(len(waits)), self.hidden.overrun | self.readout.overrun)),
            self.stopped.eq(host.causes.any()),
        ]
        m.d.sync += [
            # What is left of a limit that was larger would outlast twice the new one.
            left.eq(Mux((left == 0) | (left > host.limit), host.limit, left - 1)),
            lasting.eq(Mux(host.limit == 0, 0, waits & (lasting | end.replicate(len(waits))))),
            host.expired.eq(found.any()),
            host.causes.eq(Mux(self.clear, 0, host.causes) | found),
        ]
        return m
