"""The generated directory: the same bytes every time, clean under lint, read by synthesis, and as its sidecar says."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from remora.flow.generate.directory import Generated
from remora.flow.systems.crossbar.harness import REAL_DEVICES
from remora.flow.systems.registry import generate, system_of
from remora.flow.tools.result_folder import FolderError
from remora.golden.bmru.random_codes import random_codes
from remora.hdl.crossbar.top import Remora
from remora.hdl.lib.verilog import convert
from remora.spec.bmru.design import BmruDesign
from remora.spec.bmru.scan import chain_bits
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import all_tiles, current_bits
from remora.spec.lib.registers import register_map
from remora.spec.lib.section import Design
from remora.spec.presets import load_design, preset_names
from tests.readers import slang, verible_syntax, verilator_lint, yosys
from tests.support import generated_copy

SYNTHESISED = ("one", "tiny", "mnist", "mnist-bmru", "kws")
REPRODUCED = ("one", "tiny", "kws")


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    """A preset's directory, made once."""
    made: dict[str, Generated] = {}

    def make(preset: str) -> Generated:
        if preset not in made:
            made[preset] = generated_copy(load_design(preset, Design), tmp_path_factory.mktemp(preset))
        return made[preset]

    return make


def names_by_day(*at_night: str) -> list:
    """Every preset; those that are larger than others of their kind run at night."""
    return [pytest.param(name, marks=pytest.mark.nightly) if name in at_night else name for name in preset_names()]


def content(directory: Path) -> dict[str, bytes]:
    """Every file below a directory by its path."""
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    assert files
    return {str(path.relative_to(directory)): path.read_bytes() for path in files}


def in_another_process(preset: str, directory: Path, hash_seed: str) -> None:
    """Generate with another hash seed, so that no order of a set or a dictionary of addresses can hide."""
    script = (
        "import sys; from pathlib import Path;"
        "from remora.flow.systems.registry import generate; from remora.spec.presets import load_design; "
        "from remora.spec.lib.section import Design;"
        "generate(load_design(sys.argv[1], Design), Path(sys.argv[2]))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(Path(__file__).parents[3])}
    subprocess.run([sys.executable, "-c", script, preset, str(directory)], env=environment, check=True)


@pytest.mark.parametrize("preset", REPRODUCED)
def test_the_same_bytes_every_time(generated, tmp_path, preset):
    first = content(generated(preset).directory)
    generate(load_design(preset, Design), tmp_path / "again")
    assert content(tmp_path / "again") == first
    in_another_process(preset, tmp_path / "other", "1")
    assert content(tmp_path / "other") == first


@pytest.mark.parametrize("preset", SYNTHESISED)
def test_nothing_of_this_machine_or_this_day(generated, preset):
    root = str(Path(__file__).resolve().parents[3])
    strangers = [root, str(Path.home()), str(generated(preset).directory), os.environ.get("USER") or root]
    for name, data in content(generated(preset).directory).items():
        text = data.decode()
        assert not any(stranger in text for stranger in strangers), name
        assert not re.search(r"\b20[2-9]\d-[01]\d-[0-3]\d\b|\b[0-2]\d:[0-5]\d:[0-5]\d\b", text), (
            f"{name} holds a date or a time"
        )
        assert not re.search(r"(^|[\s\"'(])/(home|usr|tmp|root|var|opt)/", text), f"{name} holds an absolute path"


def lint(generated: Generated, *options: str) -> str:
    """What ``verilator --lint-only -Wall`` reports, as a user would run it in the directory."""
    files = generated.sidecar["files"]
    sources = [files["lint_waivers"], files["netlist"], *files["models"]]
    return verilator_lint(sources, generated.sidecar["top"], "-Wall", "--timing", *options, folder=generated.directory)


@pytest.mark.parametrize("preset", names_by_day("mnist256", "mnist-learn", "mnist-learn-fast"))
def test_lint_is_clean(generated, preset):
    # Unrolled, the loops of the BMRU core's model take minutes where there are many cells.
    bmru = isinstance(generated(preset).design, BmruDesign)
    assert lint(generated(preset), *(["--unroll-count", "1"] if bmru else [])) == ""


def test_lint_is_clean_with_real_devices(generated):
    assert lint(generated("tiny"), f"-D{REAL_DEVICES}") == ""


LARGEST = {
    "codes": {"cell": {"lanes": 100}, "crossbar": {"rows": 256, "columns": 1024}},
    "currents": {"cell": {"kind": "bmru"}, "crossbar": {"rows": 256, "columns": 1024}},
    "column_tiles": {"cell": {"lanes": 100}, "crossbar": {"rows": 1024, "columns": 100}},
    # 228 rows of tiles and as many lanes as states: 8 GB of memory, and four minutes of a processor twice.
    "tiles": {"cell": {"lanes": 1024}, "crossbar": {"rows": 9, "columns": 1024}},
    "devices": {
        "network": {"features": 3, "hidden": 5, "classes": 3},
        "cell": {"lanes": 2},
        "crossbar": {"rows": 1, "columns": 1},
    },
    "macros": {
        "network": {"features": 3, "hidden": 5, "classes": 3},
        "cell": {"kind": "bmru"},
        "crossbar": {"rows": 3, "columns": 4, "macro_rows": 1024, "macro_columns": 1024},
    },
}
"""The largest network in tiles of the most columns, with either cell, of the most rows, and in the
most tiles; tiles of one device; and few devices in the largest macros."""
AT_NIGHT = {"codes", "currents", "column_tiles", "tiles"}
"""More than a minute each."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.nightly] if name in AT_NIGHT else []) for name in LARGEST]
)
def test_the_largest_design_points_generate_and_lint(name, tmp_path):
    largest = {"network": {"features": 1024, "hidden": 1024, "classes": 256}, "formats": {"adc_bits": 10}}
    # What Verilator optimises before it lints takes longer than all else where there are a thousand lanes.
    options = ("--unroll-count", "1", "-fno-dfg")
    assert lint(generate(DesignPoint(name=name, **largest | LARGEST[name]), tmp_path), *options) == ""


def test_lint_would_find_something(generated, tmp_path):
    """Without the waivers it does: so the files are really read."""
    (tmp_path / "none.vlt").write_text("`verilator_config\n", encoding="utf-8")
    bare = Generated(
        generated("one").design, generated("one").directory, json.loads(json.dumps(generated("one").sidecar))
    )
    bare.sidecar["files"]["lint_waivers"] = str(tmp_path / "none.vlt")
    assert "%Warning" in lint(bare)


def test_every_waiver_has_its_reason(generated):
    """A block of waivers follows a comment, and no waiver is wider than one rule of one file."""
    lines = (generated("one").directory / "macros" / "lint.vlt").read_text(encoding="utf-8").splitlines()
    waivers = [number for number, line in enumerate(lines) if line.startswith("lint_off")]
    assert waivers
    for number in waivers:
        above = next(line for line in reversed(lines[:number]) if not line.startswith("lint_off"))
        assert above.startswith("// ") and len(above) > 20, lines[number]
        assert re.fullmatch(r'lint_off -rule \w+ -file "\S+"', lines[number])


SIMULATOR_DEPENDENT = re.compile(
    r"always\s*@\s*(?:\*|\(\s*\*\s*\))|\balways_(?:comb|latch)\b|\binitial\b"
    r"|^\s*(?:output )?(?:reg|logic|integer)\b[^;(]*=",
    re.MULTILINE,
)
"""What simulators treat differently at time 0: combinational processes, and initial values."""
CLOCKED = re.compile(r"always @\(posedge a?clk(, (negedge aresetn|posedge rst_(sync_1|early(\[\d+\])?)))?\)")
"""A clocked process: that of registers, or that of flip-flops in the tree of the reset, which set without a clock."""


def learning(name: str, update: str) -> DesignPoint:
    return load_design(name, DesignPoint).evolve(learning={"enabled": True, "update": update, "replay_capacity": 5})


@pytest.mark.parametrize("preset", [*preset_names(), "accumulate", "direct"])
def test_no_simulator_reads_the_netlist_its_own_way(generated, preset):
    """Verilog-2005 of assignments and clocked processes alone; tests/top/test_four_state.py runs it in four states."""
    if preset in preset_names():
        text = generated(preset).netlist.read_text(encoding="utf-8")
    else:
        text = convert(Remora(learning("tiny", preset)), "remora").verilog
    assert SIMULATOR_DEPENDENT.search(text) is None
    found = set(re.findall(r"\balways\b.*", text))
    assert len(found) > 4 and not {each for each in found if not CLOCKED.fullmatch(each)}
    assert text.count("endfunction") > 50


@pytest.mark.parametrize(
    "planted",
    ["always @* a = b;", "always @(*) begin", "always_comb a = b;", "initial a = 0;", "  reg [3:0] a = 4'h0;"],
)
def test_what_simulators_read_differently_would_be_found(planted):
    assert SIMULATOR_DEPENDENT.search(f"module m;\n{planted}\nendmodule\n")


@pytest.mark.parametrize("preset", SYNTHESISED)
def test_synthesis_reads_it(generated, preset):
    files = generated(preset).sidecar["files"]
    passes = [
        *(f"read_verilog {name}" for name in (*files["blackboxes"], files["netlist"])),
        f"hierarchy -check -top {generated(preset).sidecar['top']}", "proc", "check -assert", "stat",
    ]  # fmt: skip
    result = yosys(passes, generated(preset).directory)
    assert result.returncode == 0, result.stdout[-1500:] + result.stderr[-1500:]
    assert "Found and reported 0 problems" in result.stdout
    design = generated(preset).design
    macro, number = ("remora_bmru_core", 1) if preset == "kws" else ("remora_crossbar", len(all_tiles(design)))
    macros = re.search(rf"(\d+)\s+{macro}$", result.stdout.split("design hierarchy")[-1], re.MULTILINE)
    assert macros and int(macros[1]) == number


@pytest.mark.parametrize("macros", ["models", "blackboxes"])
@pytest.mark.parametrize("preset", SYNTHESISED)
def test_slang_and_verible_accept_netlist_and_macros(generated, preset, macros):
    directory, files = generated(preset).directory, generated(preset).sidecar["files"]
    sources = [directory / name for name in (files["netlist"], *files[macros])]
    assert len(sources) > 1
    assert slang(sources, generated(preset).sidecar["top"]) == ""
    assert verible_syntax(sources) == ""


PORT = re.compile(r"^  (input|output) (?:\[(\d+):0\] )?(\w+);$", re.MULTILINE)
INSTANCE = re.compile(r"^  (\w+)(?: #\(.*?\n  \))? (\w+) \($", re.MULTILINE | re.DOTALL)


def read_netlist(text: str) -> tuple[dict[str, dict[str, tuple[str, int]]], dict[str, dict[str, str]]]:
    """By module: ports with direction and width, and modules of the instances by name; read without the generator."""
    ports, children = {}, {}
    for match in re.finditer(r"^module (\w+)\(.*?^endmodule$", text, re.MULTILINE | re.DOTALL):
        ports[match[1]] = {name: (direction, int(top or 0) + 1) for direction, top, name in PORT.findall(match[0])}
        found = INSTANCE.findall(match[0])
        children[match[1]] = {instance: module for module, instance in found if module.startswith("remora")}
    return ports, children


@pytest.mark.parametrize("preset", preset_names())
def test_the_sidecar_tells_the_truth(generated, preset):
    directory, sidecar, design = generated(preset).directory, generated(preset).sidecar, generated(preset).design
    assert json.loads((directory / "remora.json").read_text(encoding="utf-8")) == sidecar
    ports, children = read_netlist((directory / sidecar["files"]["netlist"]).read_text(encoding="utf-8"))

    def module_of(path: str) -> str:
        module = sidecar["top"]
        for instance in path.split("."):
            module = children[module][instance]
        return module

    assert {port["name"]: (port["direction"], port["width"]) for port in sidecar["ports"]} == ports[sidecar["top"]]
    bmru = isinstance(design, BmruDesign)
    macros = {module_of(instance["path"]) for instance in sidecar["instances"]} - ports.keys()
    placed = [macro for memory in sidecar["memories"] for macro in memory["macros"]]
    assert macros == set(system_of(design).parts(design, None).macros) - ({"remora_memory"} if not placed else set())
    assert len(sidecar["memories"]) >= 1
    assert {macro["path"] for macro in placed} == {
        instance["path"] for instance in sidecar["instances"] if instance["module"] == "remora_memory"
    }
    assert all(module_of(instance["path"]) == instance["module"] for instance in sidecar["instances"])
    for probe in sidecar["probes"].values():
        path, _, port = probe["path"].rpartition(".")
        if module_of(path) in macros and bmru:  # whose ports are in no netlist
            blackboxes = "".join((directory / name).read_text() for name in sidecar["files"]["blackboxes"])
            assert probe["width"] == 1 and re.search(rf"^    input {port}\b", blackboxes, re.MULTILINE)
            continue
        if module_of(path) in macros:  # what the bitlines of a tile hand on
            tile = next(tile for tile in sidecar["tiles"] if tile["path"] == path)
            columns = tile["columns"][1] - tile["columns"][0] + 1
            assert (port, probe["width"]) == ("current", current_bits(design) * columns)
            continue
        module_ports = ports[module_of(path)]
        assert port in ("clk", "rst") or module_ports[port][1] == probe["width"]
    if bmru:
        last = sidecar["scan_chain"][-1]
        elements = last["rows"] * last["columns"] * (last["code_bits"] + last["rail_bit"])
        assert last["first_bit"] + elements == chain_bits(design)
    else:
        assert {tile["path"] for tile in sidecar["tiles"]} == {
            f"core.{tile.layer.name.lower()}.{tile.name}" for tile in all_tiles(design)
        }
        assert all(module_of(tile["path"]) == "remora_crossbar" for tile in sidecar["tiles"])
    assert sidecar["design_hash"] == design.hash and sidecar["design"] == design.model_dump(mode="json")
    named = [
        name
        for entry in sidecar["files"].values()
        for name in (entry.values() if isinstance(entry, dict) else [entry] if isinstance(entry, str) else entry)
    ]
    assert set(named) | {"remora.json"} == set(content(directory))


@pytest.mark.parametrize("preset", SYNTHESISED)
def test_the_sidecar_has_the_registers(generated, preset):
    listed = generated(preset).sidecar["registers"]
    registers = register_map(generated(preset).design)
    assert len(listed) == len(registers) > 30
    for entry in listed:
        register = registers[entry["name"]]
        assert entry["address"] == register.address
        wanted = [{"name": field.name, "lsb": field.lsb, "width": field.width} for field in register.fields]
        assert entry["fields"] == wanted


def test_a_directory_without_a_manifest_is_known_by_its_sidecar(generated, tmp_path):
    """As the first version wrote it: what its sidecar lists is replaced where ``force`` is given, since a person may
    have changed it; what it does not list stays.
    """
    design = load_design("one", DesignPoint)
    stale = generate(design, tmp_path).directory / "images" / "stale.hex"
    sidecar = json.loads((tmp_path / "remora.json").read_text(encoding="utf-8"))
    sidecar["files"]["images"]["stale"] = "images/stale.hex"
    (tmp_path / "remora.json").write_text(json.dumps(sidecar), encoding="utf-8")
    (tmp_path / "remora.sha256").unlink()
    stale.touch()
    (tmp_path / "notes.txt").touch()
    netlist = tmp_path / "rtl" / "remora.v"
    netlist.write_text("changed")
    with pytest.raises(FolderError, match="no remora.sha256 .* changed .*rtl/remora.v.*--force"):
        generate(design, tmp_path)
    assert netlist.read_text() == "changed" and stale.exists()
    generate(design, tmp_path, force=True)
    assert set(content(tmp_path)) == {*content(generated("one").directory), "notes.txt"}


def test_the_command_writes_the_same(generated, tmp_path):
    command = [sys.executable, "-m", "remora.flow.cli", "generate", "one", "-o", str(tmp_path / "out")]
    subprocess.run(command, check=True, capture_output=True, cwd=Path(__file__).parents[3])
    assert content(tmp_path / "out") == content(generated("one").directory)


@pytest.mark.parametrize("loaded", [True, False])
def test_every_parameter_is_a_named_circuit_element(loaded, tmp_path):
    design = load_design("kws", BmruDesign)
    codes = random_codes(design, 5) if loaded else None
    generated = generate(design, tmp_path, codes)
    with (tmp_path / generated.sidecar["files"]["elements"]).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len({row["element"] for row in rows}) == design.network.parameters == 170
    # Every bit of the chain belongs to one element, and its content is the code.
    bits = codes.chain() if loaded else np.zeros(chain_bits(design), np.bool_)
    position = 0
    for number, row in enumerate(rows):
        assert (int(row["number"]), int(row["first_bit"])) == (number, position) and row["to"]
        position += int(row["code_bits"]) + int(row["rail_bit"])
        if not loaded:
            assert row["code"] == row["value"] == ""
            continue
        chain = bits[int(row["first_bit"]) : position]
        magnitude = sum(int(bit) << k for k, bit in enumerate(chain[: int(row["code_bits"])]))
        assert abs(int(row["code"])) == magnitude and (int(row["code"]) >= 0 or chain[-1])
        assert float(row["value"]) == pytest.approx(int(row["code"]) * float(row["step"]))
    assert position == chain_bits(design)
    found = {row["element"]: (row["from"], row["to"], row["devices"], row["unit"]) for row in rows}
    assert found["input.weight[2,11]"] == ("feature[11]", "blocks.0.z[2]", "2", "ratio")
    assert found["blocks.1.first.weight[0,3]"] == ("blocks.1.relu(z)[3]", "blocks.1.candidate[0]", "1", "ratio")
    assert found["blocks.0.hysteresis[1]"] == ("", "blocks.0.cell[1]", "1", "nA")
    assert found["blocks.0.second.weight[1,2]"] == ("blocks.0.cell[2]", "blocks.0.branch[1]", "1", "ratio")
    assert found["output.weight[1,0]"] == ("output.z[0]", "output[1]", "2", "ratio")
