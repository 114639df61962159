"""The IP-XACT component: valid under the schema of IEEE 1685-2014, and read back with the registers of the design."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree
from peakrdl_ipxact.importer import IPXACTImporter
from pyEDAA import IPXACT
from systemrdl import RDLCompiler
from systemrdl.node import RegNode

from remora.spec.lib.registers import register_map
from remora.spec.lib.section import Design
from remora.spec.presets import load_design
from tests.support import generated_once

SCHEMA = Path(IPXACT.__file__).parent / "Schema" / "ieee-1685-2014" / "index.xsd"
NAMES = {"x": "http://www.accellera.org/XMLSchema/IPXACT/1685-2014"}
PRESETS = ("tiny", "kws", "mnist-learn")


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    """The schema of the standard."""
    return etree.XMLSchema(etree.parse(SCHEMA))


def component(preset: str) -> tuple[Path, dict]:
    """Path of the component of a preset, and its sidecar."""
    made = generated_once(load_design(preset, Design))
    return made.directory / made.sidecar["files"]["ip_xact"], made.sidecar


@pytest.mark.parametrize("preset", PRESETS)
def test_it_is_valid_under_the_schema(schema, preset):
    path, _ = component(preset)
    assert schema.validate(etree.parse(path)), schema.error_log


def test_the_schema_would_find_something(schema):
    tree = etree.parse(component("tiny")[0])
    [model] = tree.findall("x:model", NAMES)
    tree.getroot().remove(model)
    tree.getroot().insert(0, model)
    assert not schema.validate(tree)


@pytest.mark.parametrize("preset", PRESETS)
def test_its_registers_are_read_back(preset):
    path, _ = component(preset)
    compiler = RDLCompiler()
    IPXACTImporter(compiler).import_file(str(path))
    top = compiler.elaborate().top
    read = {
        node.absolute_address: {field.inst_name: (field.lsb, field.width) for field in node.fields()}
        for node in top.descendants()
        if isinstance(node, RegNode)
    }
    wanted = {
        register.address: {field.name: (field.lsb, field.width) for field in register.fields}
        for register in register_map(load_design(preset, Design))
    }
    assert read == wanted and len(read) > 30


@pytest.mark.parametrize("preset", ["tiny", "kws"])
def test_ports_interfaces_and_files_are_those_of_the_sidecar(preset):
    path, sidecar = component(preset)
    tree = etree.parse(path)
    text = {
        name: [each.text for each in tree.findall(where, NAMES)]
        for name, where in {
            "ports": "x:model/x:ports/x:port/x:name",
            "mapped": ".//x:physicalPort/x:name",
            "interfaces": "x:busInterfaces/x:busInterface/x:name",
            "module": ".//x:componentInstantiation/x:moduleName",
        }.items()
    }
    assert text["ports"] == [port["name"] for port in sidecar["ports"]]
    assert set(text["module"]) == {sidecar["top"]} and text["interfaces"] == ["s_axil", "s_axis", "m_axis"]
    buses = [port["name"] for port in sidecar["ports"] if port["name"].startswith(("s_ax", "m_ax"))]
    assert sorted(set(text["mapped"]) - {"aclk", "aresetn"}) == sorted(buses)
    widths = {
        port.find("x:name", NAMES).text: int(port.findtext(".//x:left", "0", NAMES)) + 1
        for port in tree.findall("x:model/x:ports/x:port", NAMES)
    }
    assert widths == {port["name"]: port["width"] for port in sidecar["ports"]}
    files = [path.parent / each.text for each in tree.findall("x:fileSets/x:fileSet/x:file/x:name", NAMES)]
    assert len(files) > 5 and all(file.is_file() for file in files)
