"""Prefix of the modules, pitch of the devices, source locations: tools take them, and the hardware stays the same."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from remora.flow.generate.directory import Generated
from remora.flow.generate.packaging import Packaging
from remora.flow.systems.registry import generate
from remora.spec.lib.errors import RemoraError
from remora.spec.lib.registers import register_map
from remora.spec.lib.section import Design
from remora.spec.presets import load_design
from tests.readers import verilator_lint, yosys
from tests.support import generated_once, icarus

ROOT = Path(__file__).parents[3]
MODULE = re.compile(r"^module (\w+)", re.MULTILINE)
SOURCE = re.compile(r'\(\* src = "([^"]*)" \*\)')

TWO_CORES = """\
`timescale 1ns / 1ps
module two;
  reg aclk = 0, aresetn = 0, arvalid = 1;
  reg [11:0] araddr = {address};
  wire [31:0] left, right;
  wire left_valid, right_valid;
  left_remora one (.aclk(aclk), .aresetn(aresetn), .s_axil_araddr(araddr), .s_axil_arvalid(arvalid),
    .s_axil_rready(1'b0), .s_axil_rdata(left), .s_axil_rvalid(left_valid), .s_axis_tvalid(1'b0), .s_axil_awvalid(1'b0),
    .s_axil_wvalid(1'b0), .s_axil_bready(1'b1), .m_axis_tready(1'b1));
  right_remora other (.aclk(aclk), .aresetn(aresetn), .s_axil_araddr(araddr), .s_axil_arvalid(arvalid),
    .s_axil_rready(1'b0), .s_axil_rdata(right), .s_axil_rvalid(right_valid), .s_axis_tvalid(1'b0),
    .s_axil_awvalid(1'b0), .s_axil_wvalid(1'b0), .s_axil_bready(1'b1), .m_axis_tready(1'b1));
  always #5 aclk = !aclk;
  initial begin
    repeat (20) @(negedge aclk);
    aresetn = 1;
    wait (left_valid && right_valid);
    $display("hashes %h %h", left, right);
    $finish;
  end
endmodule
"""
"""Reads the lower word of the hash of both cores at once."""


@pytest.fixture(scope="module")
def cores(tmp_path_factory) -> list[Generated]:
    """Cores of two kinds, each with a prefix of its own."""
    folder = tmp_path_factory.mktemp("cores")
    return [
        generate(load_design(preset, Design), folder / prefix, packaging=Packaging(prefix=prefix))
        for preset, prefix in (("tiny", "left_"), ("kws", "right_"))
    ]


def netlist(generated: Generated) -> str:
    return generated.netlist.read_text(encoding="utf-8")


def test_two_cores_live_in_one_netlist(cores, tmp_path):
    compiler = icarus()
    (tmp_path / "two.v").write_text(TWO_CORES.format(address=register_map(cores[0].design)["HASH_LOW"].address))
    named = {path.name: path for core in cores for path in core.models}
    sources = [tmp_path / "two.v", *(core.netlist for core in cores), *named.values()]
    subprocess.run([compiler.iverilog, "-g2012", "-s", "two", "-o", tmp_path / "two.vvp", *sources], check=True)
    printed = subprocess.run(
        [compiler.vvp, "-n", tmp_path / "two.vvp"], capture_output=True, text=True, check=True
    ).stdout
    hashes = [core.design.hash[8:] for core in cores]
    assert f"hashes {hashes[0]} {hashes[1]}" in printed and hashes[0] != hashes[1]


def test_every_generated_module_has_the_prefix_and_no_macro(cores):
    for core, prefix in zip(cores, ("left_", "right_"), strict=True):
        modules = MODULE.findall(netlist(core))
        assert len(modules) > 15 and all(name.startswith(f"{prefix}remora") for name in modules)
        assert core.sidecar["top"] == f"{prefix}remora"
        assert {name.partition("_blackbox")[0] for name in core.sidecar["files"]["blackboxes"]}.isdisjoint(modules)
        # Nothing else of the netlist changes.
        plain = netlist(generated_once(core.design))
        assert netlist(core).replace(f"{prefix}remora", "remora") == plain


def test_the_cells_of_two_cores_have_names_of_their_own(cores):
    libraries = [core.directory / core.sidecar["files"]["liberty"] for core in cores]
    done = yosys([*(f"read_liberty -lib {path}" for path in libraries), "select -list =*"])
    assert done.returncode == 0 and "Re-definition" not in done.stdout, done.stdout + done.stderr
    for core, prefix in zip(cores, ("left_", "right_"), strict=True):
        cells = {entry["cell"] for entry in core.sidecar["macros"]}
        assert len(cells) >= 2 and all(cell.startswith(prefix) and cell in done.stdout for cell in cells)
        lef = (core.directory / core.sidecar["files"]["lef"]).read_text()
        assert cells == set(re.findall(r"^MACRO (\w+)$", lef, re.MULTILINE))


def test_without_prefixes_two_cores_would_collide():
    made = [generated_once(load_design(preset, Design)).netlist for preset in ("tiny", "kws")]
    assert "MODDUP" in verilator_lint(made, "remora", "-Wall")


def test_the_testbench_of_a_core_with_a_prefix_passes(cores):
    icarus()
    done = subprocess.run(["make", "-C", cores[0].directory / "sim", "icarus"], capture_output=True, text=True)
    assert done.returncode == 0 and "\nPASS: " in done.stdout, done.stdout + done.stderr


def test_source_locations_name_lines_that_exist_and_change_nothing_else(tmp_path):
    design = load_design("tiny", Design)
    made = generate(design, tmp_path / "located", packaging=Packaging(source_locations=True))
    text = netlist(made)
    lines = {line for found in SOURCE.findall(text) for line in found.split("|")}
    assert len(lines) > 300
    for each in lines:
        name, _, line = each.rpartition(":")
        path = ROOT / name
        assert path.is_file() and 0 < int(line) <= len(path.read_text(encoding="utf-8").splitlines()), each
    without = "".join(line for line in text.splitlines(keepends=True) if not SOURCE.fullmatch(line.strip()))
    assert re.sub(rf"{SOURCE.pattern} ", "", without) == netlist(generated_once(design))
    files = made.sidecar["files"]
    passes = [f"read_verilog {name}" for name in (*files["blackboxes"], files["netlist"])]
    result = yosys([*passes, "hierarchy -check -top remora", "proc", "dump remora_answer"], made.directory)
    assert result.returncode == 0 and 'attribute \\src "hdl/lib/answer.py:' in result.stdout


def test_the_pitch_of_the_devices_is_that_of_the_lef(tmp_path):
    made = generate(load_design("mnist", Design), tmp_path, packaging=Packaging(device_pitch=8))
    text = (tmp_path / made.sidecar["files"]["lef"]).read_text()
    assert "devices at a pitch of 8 um" in text
    [size] = re.findall(r"^MACRO remora_crossbar_129x100\n(?:.*\n){3}  SIZE (.*) ;", text, re.MULTILINE)
    assert size == "1600.000 BY 1032.000"


@pytest.mark.parametrize(
    ("values", "message"),
    [({"prefix": "1a"}, "--prefix 1a"), ({"prefix": "a-b"}, "--prefix a-b"), ({"device_pitch": 0}, "--device-pitch 0")],
)
def test_what_is_not_legal_is_refused(values, message):
    with pytest.raises(RemoraError, match=message):
        Packaging(**values)
