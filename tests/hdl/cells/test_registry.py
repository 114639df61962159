"""A cell is one file and one line: nothing else of the hardware knows which cells there are."""

from __future__ import annotations

import re
from pathlib import Path

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

import remora.hdl
from remora.hdl.cells.cell import Cell
from remora.hdl.cells.registry import CELLS, cell_class
from remora.hdl.crossbar.top import Remora
from remora.hdl.lib.columns import ConvertedColumns, FoldControl
from remora.hdl.lib.hierarchy import Library
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.layout import Layer
from tests.hdl.designs import BISTABLE, ONE


class Gains(wiring.Signature):
    """Ports:
    gain: of the codes.
    """

    def __init__(self) -> None:
        super().__init__({"gain": Out(8)})


class CodeCell(Cell):
    """A third cell: streams the code of unit 0 to every unit, by other parameters, and counts every issue."""

    def __init__(self, design) -> None:
        super().__init__(design, {Counter.WORD_SATURATIONS: 3})

    @classmethod
    def control_port(cls, design):
        return FoldControl(design)

    @classmethod
    def column_port(cls, design):
        return ConvertedColumns(design, Layer.HIDDEN)

    @classmethod
    def host_port(cls, design):
        return Gains()

    @classmethod
    def connect_registers(cls, m, registers, host, halted):
        m.d.comb += host.gain.eq(registers.update_coefficient_value)

    def elaborate(self, platform) -> Module:
        m = Module()
        m.d.comb += [self.columns.fold.eq(self.control.fold), self.counts.word_saturations.eq(self.control.issue * 7)]
        with m.If(self.control.issue):
            m.d.sync += self.words.eq(self.columns.code * self.host.gain)
        return m


def test_a_third_cell_is_built_into_the_accelerator(monkeypatch):
    monkeypatch.setitem(CELLS, "miru", CodeCell)
    library = Library()
    library.add(Remora(ONE), "remora")
    modules = dict(library.instances("remora"))
    assert modules["core.hidden_cell"] == "remora_code_cell" and "remora_miru_cell" not in library.ports
    assert library.ports["remora_core"]["cell__gain"].width == 8
    assert library.ports["remora_core"]["counts__word_saturations"].width == 3


def test_the_cell_is_that_of_the_design_point():
    assert {design.cell.kind: cell_class(design) for design in (ONE, BISTABLE["bistable_one"])} == CELLS


def test_nothing_but_the_registry_names_a_cell():
    """Outside `hdl/cells`; learning knows the codes of the MiRU cell, the sequencer two ways through a step."""
    root, counted = Path(remora.hdl.__file__).parent, 0
    names = re.compile("|".join(rf"\b{cls.__name__}\b" for cls in CELLS.values()))
    for path in (path for room in ("crossbar", "learning", "lib", "macros") for path in (root / room).glob("*.py")):
        text, counted = path.read_text(encoding="utf-8"), counted + 1
        assert not names.search(text), path.name
        if path.name not in ("sequencer.py", "probes.py"):
            assert "capabilities.bistable" not in text, path.name
    assert counted > 30
