"""A block small enough to know its mutants: it counts 0, 1, 2 and has logic for a state that it never reaches."""

from __future__ import annotations

from pathlib import Path

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.flow.faults.mutants.recipe import Recipe
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.verilog import Bench, convert
from remora.spec.lib.files import write_text

BENCH = "tests.faults.mutants.cocotb_ticker"


class Ticker(wiring.Component):
    """Raises ``full`` in every third cycle of ``count``."""

    def __init__(self) -> None:
        super().__init__({"count": In(1), "full": Out(1)})

    def elaborate(self, platform) -> Module:
        m = Module()
        state = Signal(2)
        lost = Signal()
        m.d.comb += [self.full.eq((state == 2) & self.count), lost.eq(state == 3)]
        with m.If(self.count):
            m.d.sync += state.eq(state + 1)
            with m.If(state == 2):
                m.d.sync += state.eq(0)
            with m.If(lost):
                m.d.sync += state.eq(1)
        return m


class Around(wiring.Component):
    """A ticker and some logic of its own; ``full`` is that of the ticker where it ``listens``, and 0 otherwise."""

    def __init__(self, listens: bool) -> None:
        self.listens = listens
        super().__init__({"count": In(1), "full": Out(1), "odd": Out(1)})

    def elaborate(self, platform) -> Module:
        m = Module()
        ticker = add_submodule(m, "ticker", Ticker())
        m.d.comb += [ticker.count.eq(self.count), self.full.eq(ticker.full if self.listens else 0)]
        with m.If(self.count):
            m.d.sync += self.odd.eq(~self.odd)
        return m


def ticker_recipe(folder: Path, tests: tuple[str, ...] = (), made: wiring.Component | None = None) -> Recipe:
    """The block in its bench, as the tests of a block of the hardware record it; or what is ``made`` with it inside."""
    netlist = convert(Bench({"some": made or Ticker()}, {"mutant": 16}), "bench", sources=True)
    write_text(folder / "bench.v", netlist.verilog)
    write_text(folder / "bench.il", netlist.library.rtlil)
    config = {"cases": {"some": {}}, "inputs": ["some__count"]}
    benches = ["tests/faults/mutants/cocotb_ticker.py"]
    return Recipe("ticker", folder, "some_ticker", None, BENCH, list(tests), config, [], [], benches)
