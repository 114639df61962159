"""What tests of sign-off share: the tools, and small designs with macros."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from amaranth.lib import wiring

from remora.flow.generate.macros.assumptions import ASSUMPTIONS
from remora.flow.generate.macros.shapes import find_macros
from remora.flow.generate.parts import Parts
from remora.flow.signoff.cells import StandardCell, read_cells
from remora.flow.signoff.result import Made, make
from remora.flow.signoff.synthesis import Hierarchy, Job
from remora.hdl.lib.verilog import convert
from remora.spec.lib.files import write_text

TOP = "top"


def parts_of(top: Callable[[], wiring.Component], *macros: str) -> Parts:
    """Parts of a small design; nothing else of them is asked."""
    return Parts(None, top, macros, lambda: None)


@pytest.fixture(scope="session")
def library(cells) -> dict[str, StandardCell]:
    """The standard cells."""
    return read_cells(cells)


@pytest.fixture
def synthesise(cells, tmp_path) -> Callable[..., Made]:
    """Maps and times a component with the macros that it places."""

    def run(top: Callable[[], wiring.Component], *macros: str, hierarchy: Hierarchy = Hierarchy.FLAT) -> Made:
        parts = parts_of(top, *macros)
        netlist = convert(top(), TOP)
        write_text(tmp_path / "top.v", netlist.verilog)
        found = find_macros(parts, netlist)
        blocks = {path: module for path, module in netlist.library.instances(TOP) if path not in found.instances}
        boxes = [f"{name}_blackbox.v" for name in macros]
        for name in boxes:
            (tmp_path / name).write_bytes(parts.source(name).read_bytes())
        return make(Job(["top.v"], boxes, TOP, found, blocks, cells, tmp_path, ASSUMPTIONS), hierarchy)

    return run
