"""Small designs that plant what sign-off must find."""

from __future__ import annotations

from amaranth.hdl import ClockSignal, Const, Module, ResetSignal, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.hierarchy import add_macro, add_submodule

CELLS, CURRENT_BITS, THRESHOLD_BITS = 4, 3, 6


class Strobes(wiring.Component):
    """A macro of bistable cells whose ``clear`` comes from a flip-flop and whose ``settle`` comes from one or not.

    Args:
        registered: whether it does.
    """

    def __init__(self, registered: bool) -> None:
        self._registered = registered
        super().__init__({"a": In(1), "b": In(1), "state": Out(CELLS)})

    def elaborate(self, platform) -> Module:
        m = Module()
        clear, settle, wanted, reset = Signal(), Signal(), Signal(), Signal(reset_less=True)
        m.d.sync += [clear.eq(self.a ^ self.b), wanted.eq(self.a & self.b), reset.eq(ResetSignal())]
        if self._registered:
            m.d.sync += settle.eq(wanted & ~clear)
        else:
            m.d.comb += settle.eq(wanted & ~clear)
        add_macro(
            m, "cells", "remora_bistable", p_CELLS=CELLS, p_CELL_BITS=2, p_ROW_TILES=1, p_CURRENT_BITS=CURRENT_BITS,
            p_FRACTION_BITS=1, p_THRESHOLD_BITS=THRESHOLD_BITS, p_NAME="cells", i_clk=ClockSignal(), i_reset=reset,
            i_current=Const(0, CELLS * CURRENT_BITS), i_clear=clear, i_settle=settle, o_state=self.state,
            i_cell_index=Const(0, 2), i_load_low=Const(0), i_load_high=Const(0), i_threshold=Const(0, THRESHOLD_BITS),
        )  # fmt: skip
        return m


class Fan(wiring.Component):
    """Registers that enable ``sinks`` others, ``shared`` each; where that is one, a single register enables all of them
    together with an input of its own for each.
    """

    def __init__(self, sinks: int, shared: int) -> None:
        self._shared = shared
        enables = sinks if shared == 1 else -(-sinks // shared)
        super().__init__({"enable": In(enables), "data": In(sinks), "held": Out(sinks)})

    def elaborate(self, platform) -> Module:
        m = Module()
        enable = Signal(1 if self._shared == 1 else len(self.enable))
        m.d.sync += enable.eq(self.enable)
        for sink, held in enumerate(self.held):
            enabled = enable & self.enable[sink] if self._shared == 1 else enable[sink // self._shared]
            with m.If(enabled):
                m.d.sync += held.eq(self.data[sink])
        return m


class Blocks(wiring.Component):
    """A register, a block that adds, and a block that holds the sum: a path that crosses both."""

    def __init__(self) -> None:
        super().__init__({"a": In(16), "b": In(16), "total": Out(16)})

    def elaborate(self, platform) -> Module:
        m = Module()
        adder, hold = add_submodule(m, "adder", Adder()), add_submodule(m, "hold", Hold())
        m.d.comb += [
            adder.a.eq(self.a), adder.b.eq(self.b), hold.value.eq(adder.total), self.total.eq(hold.held),
        ]  # fmt: skip
        return m


class Adder(wiring.Component):
    """Registers its operands and adds them twice."""

    def __init__(self) -> None:
        super().__init__({"a": In(16), "b": In(16), "total": Out(16)})

    def elaborate(self, platform) -> Module:
        m = Module()
        a, b = Signal(16), Signal(16)
        m.d.sync += [a.eq(self.a), b.eq(self.b)]
        m.d.comb += self.total.eq((a + b) + (a & ~b))
        return m


class Hold(wiring.Component):
    """Holds the largest value."""

    def __init__(self) -> None:
        super().__init__({"value": In(16), "held": Out(16)})

    def elaborate(self, platform) -> Module:
        m = Module()
        with m.If(self.value > self.held):
            m.d.sync += self.held.eq(self.value)
        return m
