"""All that an integrator takes along of a design point, as texts of the generated directory."""

from __future__ import annotations

from collections.abc import Mapping

from remora.flow.generate.integrate.constraints import constraints
from remora.flow.generate.integrate.file_lists import Files, file_list, simulation_files, synthesis_files
from remora.flow.generate.integrate.fusesoc import core_file, core_name
from remora.flow.generate.integrate.ip_xact import ip_xact
from remora.flow.generate.integrate.system_rdl import system_rdl
from remora.flow.generate.macros.assumptions import ASSUMPTIONS
from remora.flow.generate.macros.bindings import bindings
from remora.flow.generate.macros.lef import Layout, lef
from remora.flow.generate.macros.liberty import liberty
from remora.flow.generate.macros.shapes import ENABLE_GATE, Macros
from remora.flow.generate.packaging import Packaging
from remora.flow.generate.parts import Parts
from remora.flow.generate.scenario import Scenario
from remora.hdl.lib.verilog import Netlist
from remora.spec.lib.registers import register_map
from remora.spec.lib.section import Design

PATHS = {
    "synthesis_list": "synthesis.f",
    "simulation_list": "simulation.f",
    "fusesoc_core": "remora.core",
    "constraints": "integrate/remora.sdc",
    "liberty": "integrate/remora_macros.lib",
    "lef": "integrate/remora_macros.lef",
    "bindings": "integrate/remora_macros.v",
    "ip_xact": "integrate/remora.xml",
    "system_rdl": "integrate/remora.rdl",
}
"""Key among the sidecar's ``files`` → path."""


def integration_texts(
    parts: Parts, netlist: Netlist, macros: Macros, files: Files, scenario: Scenario, packaging: Packaging
) -> Mapping[str, str]:
    """Text of each of `PATHS`, by path.

    Args:
        netlist: of the design point.
        macros: of the netlist.
        files: of the sidecar.
        scenario: of the testbench.
        packaging: its prefix is that of the netlist.
    """
    ports, design = netlist.library.ports[netlist.top], parts.design
    name, version = core_name(f"{packaging.prefix}{design.name}"), register_version(design)
    placed = [shape for cell, shape in macros.shapes.items() if cell != ENABLE_GATE.cell]
    boxes = {macro: parts.source(f"{macro}_blackbox.v").read_text(encoding="utf-8") for macro in parts.macros}
    texts = {
        "synthesis_list": file_list(synthesis_files(files), "synthesis: blackboxes and netlist"),
        "simulation_list": file_list(simulation_files(files), "simulation: models and netlist"),
        "fusesoc_core": core_file(name, version, netlist.top, files, scenario.plusargs),
        "constraints": constraints(ports, [netlist.library.clock], ASSUMPTIONS),
        "liberty": liberty(placed, ASSUMPTIONS, packaging.prefix),
        "lef": lef(placed, Layout(device_pitch=packaging.device_pitch), ASSUMPTIONS),
        "bindings": bindings(placed, boxes),
        "ip_xact": ip_xact(design, name, version, netlist.top, ports, files),
        "system_rdl": system_rdl(design),
    }
    return {PATHS[key]: text for key, text in texts.items()}


def register_version(design: Design) -> str:
    """Version of the register map, ``MAJOR.MINOR``: what software and integrators of the design point rely on; 0.0
    where the map has none."""
    fields = {
        f"{register.name}.{field.name}": field.reset for register in register_map(design) for field in register.fields
    }
    return f"{fields.get('VERSION.major', 0)}.{fields.get('VERSION.minor', 0)}"
