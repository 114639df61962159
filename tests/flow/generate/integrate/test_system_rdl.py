"""The SystemRDL source in one file: a compiler of SystemRDL elaborates it to the registers of the design point."""

from __future__ import annotations

import pytest
from systemrdl import RDLCompiler
from systemrdl.node import RegNode

from remora.flow.generate.integrate.system_rdl import system_rdl
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.registers import register_map
from remora.spec.lib.section import Design
from remora.spec.presets import load_design

LEARNS = load_design("tiny", DesignPoint).evolve(
    learning={"enabled": True, "replay_capacity": 5}, crossbar={"spare_columns": 1}
)


@pytest.mark.parametrize("design", [load_design("tiny", Design), load_design("kws", Design), LEARNS], ids=str)
def test_a_compiler_elaborates_it_alone(design, tmp_path):
    (tmp_path / "alone.rdl").write_text(system_rdl(design), encoding="utf-8")
    compiler = RDLCompiler()
    compiler.compile_file(str(tmp_path / "alone.rdl"))
    top = compiler.elaborate().top
    read = {
        node.absolute_address: {
            field.inst_name: (field.lsb, field.width, field.get_property("reset", default=None) or 0)
            for field in node.fields()
        }
        for node in top.descendants()
        if isinstance(node, RegNode)
    }
    wanted = {
        register.address: {field.name: (field.lsb, field.width, field.reset) for field in register.fields}
        for register in register_map(design)
    }
    assert read == wanted and len(read) > 30


def test_it_says_whose_registers_they_are():
    design = load_design("tiny", Design)
    assert system_rdl(design).startswith(f"// Registers of design point tiny, hash {design.hash}.\n")
    assert "`include" not in system_rdl(design)
