"""A netlist that does what the Verilog does is proven to; one with a wrong cell, register or pin is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.flow.signoff.equivalence.compare import Source, Verdict, compare_blocks
from remora.flow.signoff.gates import NETLIST, Gates, gates_of, make_gates, read_gates
from remora.flow.signoff.verified import EQUIVALENT, SIMULATED
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.verilog import convert
from tests.flow.signoff.designs import Fan, Hold
from tests.support import generated_once

TOP = "top"
BLOCKS, PRODUCT = (TOP, "remora_hold", "remora_fan"), "product 4 × 4 → 8 bits"
SETS = {each.name: each.design for each in SIMULATED if each.name in EQUIVALENT}


class Registers(wiring.Component):
    """A product, registers that synthesis gates, one that is constant, two that hold the same, a table that a register
    reads, and two blocks.
    """

    def __init__(self) -> None:
        outputs = {"product": Out(8), "most": Out(16), "fan": Out(8), "entry": Out(2)}
        super().__init__({"a": In(4), "b": In(4), "enable": In(1), **outputs})

    def elaborate(self, platform) -> Module:
        m = Module()
        once, twice, never = Signal(8), Signal(8), Signal(4, reset_less=True)
        position, entry = Signal(8, reset_less=True), Signal(2)
        hold, fan = add_submodule(m, "hold", Hold()), add_submodule(m, "fan_out", Fan(8, 4))
        with m.If(self.enable):
            m.d.sync += [once.eq(self.a * self.b), twice.eq(self.a * self.b), position.eq(Cat(self.a, self.b))]
        m.d.sync += never.eq(never & 0)
        m.d.comb += entry.eq(3)
        with m.Switch(position):
            for case in range(0, 200, 3):
                with m.Case(case):
                    m.d.comb += entry.eq(0)
        m.d.comb += [
            self.entry.eq(Mux(self.enable, entry, 0)), self.product.eq(once + twice + never),
            hold.value.eq(once), self.most.eq(hold.held),
            fan.enable.eq(self.a), fan.data.eq(self.b), self.fan.eq(fan.held),
        ]  # fmt: skip
        return m


@pytest.fixture(scope="module")
def mapped(cells, tmp_path_factory) -> tuple[Source, Gates]:
    """The component and its gates."""
    folder = tmp_path_factory.mktemp("mapped")
    make_gates(TOP, {"top.v": convert(Registers(), TOP).verilog}, folder)
    return Source(TOP, folder / "top.v"), read_gates(folder, {})


def by_block(source: Source, gates: Gates) -> dict[str, Verdict]:
    """Verdicts by block."""
    return {verdict.block: verdict for verdict in compare_blocks(source, gates)}


def test_every_block_is_proven(mapped):
    found = by_block(*mapped)
    assert found.keys() == {*BLOCKS, PRODUCT}
    assert {each.status for each in found.values()} == {"proven"}, [each.why for each in found.values()]
    assert all(found[block].outputs > found[block].states > 0 for block in BLOCKS)
    assert found[PRODUCT].outputs == 8 and found[PRODUCT].cells > 50
    # Of 28 flip-flops 8 hold what others do, and 4 are constant.
    assert (found[TOP].states, found[TOP].removed) == (16, 12)


def with_text(gates: Gates, edit: Callable[[str], str], folder: Path) -> Gates:
    """The same gates with another netlist."""
    text = gates.netlist.read_text(encoding="utf-8")
    assert edit(text) != text
    (folder / NETLIST).write_text(edit(text), encoding="utf-8")
    return replace(gates, netlist=folder / NETLIST)


def cell_of(module: str, kinds: str, other: str) -> Callable[[str], str]:
    """Makes the first cell of a kind in a module another."""

    def edit(text: str) -> str:
        start = re.search(rf"^module {module}\(", text, re.MULTILINE).start()
        return text[:start] + re.sub(rf"\b({kinds})\b", other, text[start:], count=1)

    return edit


WRONG = {
    "cell": (cell_of("remora_hold", "NAND2X1|NOR2X1", "XOR2X1"), "remora_hold"),
    "product": (cell_of(TOP, "XOR2X1|XNOR2X1", "OR2X2"), TOP),
    "pin": (lambda text: text.replace(".value(", ".value(~", 1), TOP),
    "register": (cell_of("remora_hold", "DFFPOSX1", "DFFNEGX1"), "remora_hold"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_netlist_is_refused_and_its_block_is_named(mapped, wrong, tmp_path):
    source, gates = mapped
    edit, block = WRONG[wrong]
    found = by_block(source, with_text(gates, edit, tmp_path))
    assert found[block].status != "proven" and found[block].why
    assert {each.status for name, each in found.items() if name != block} == {"proven"}


@pytest.mark.nightly
@pytest.mark.parametrize("name", SETS)
def test_all_blocks_of_small_designs_are_proven(cells, name):
    generated = generated_once(SETS[name])
    verdicts = compare_blocks(Source.of(generated), gates_of(generated))
    assert [(each.block, each.why) for each in verdicts if each.status != "proven"] == [] and len(verdicts) > 15
    assert sum(each.states for each in verdicts) > 1000
