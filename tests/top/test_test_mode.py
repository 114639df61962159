"""The test mode of a top, as Yosys reads it: the pin alone sets flip-flops, and clock gates are open."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from remora.flow.generate.directory import Generated
from remora.spec.lib.section import Design
from remora.spec.presets import load_design
from tests.readers import yosys
from tests.support import generated_copy, generated_once, icarus

PRESETS = ("tiny", "kws")


@pytest.fixture(scope="module", params=PRESETS)
def generated(request, tmp_path_factory) -> Generated:
    """A core with a test mode."""
    design = load_design(request.param, Design).evolve(system={"test_pin": True})
    return generated_copy(design, tmp_path_factory.mktemp("test-mode"))


def tied(generated: Generated, value: int, folder: Path) -> dict:
    """The flat module as Yosys has it, with the pin at a constant."""
    text = generated.netlist.read_text(encoding="utf-8")
    text, ports = re.subn(r"^(module remora\(.*?)\btest_mode, ", r"\1", text, count=1, flags=re.MULTILINE)
    declared = r"^  input test_mode;\n  wire test_mode;$"
    text, inputs = re.subn(declared, f"  wire test_mode = 1'b{value};", text, flags=re.MULTILINE)
    assert (ports, inputs) == (1, 1)
    (folder / "tied.v").write_text(text)
    boxes = [f"read_verilog {generated.directory / name}" for name in generated.sidecar["files"]["blackboxes"]]
    # Nothing is merged: every flip-flop stays.
    passes = [*boxes, "read_verilog tied.v", "hierarchy -check -top remora", "proc", "flatten", "opt_clean"]
    passes += ["opt_expr", "opt_clean", "write_json flat.json"]
    done = yosys(passes, folder)
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-1500:]
    return json.loads((folder / "flat.json").read_text())["modules"]["remora"]


def sources_of_sets(module: dict) -> list[bool]:
    """Of every flip-flop that is set without a clock: whether the pin alone does it."""
    pin = module["ports"]["aresetn"]["bits"][0]
    inverted = {
        cell["connections"]["Y"][0] for cell in module["cells"].values()
        if cell["type"] in ("$not", "$logic_not") and cell["connections"]["A"] == [pin]
    }  # fmt: skip
    return [
        cell["connections"]["ARST"][0] in {pin, *inverted} for cell in module["cells"].values()
        if cell["type"].startswith("$adff")
    ]  # fmt: skip


def test_in_test_mode_the_pin_alone_sets_flip_flops(generated, tmp_path):
    by_pin = sources_of_sets(tied(generated, 1, tmp_path))
    assert len(by_pin) > 30 and all(by_pin)
    # In operation the tree sets all but those of the synchroniser: the look at them can fail.
    assert sources_of_sets(tied(generated, 0, tmp_path)).count(True) == 2


def test_in_test_mode_clock_gates_are_open(generated, tmp_path):
    enables = {
        value: [
            cell["connections"]["enable"] for cell in tied(generated, value, tmp_path)["cells"].values()
            if cell["type"] == "remora_clock_gate"
        ]
        for value in (0, 1)
    }  # fmt: skip
    gates = 1 if generated.design.CORE == "bmru" else 0
    assert enables[1] == [["1"]] * gates and len(enables[0]) == gates and ["1"] not in enables[0]


def test_in_operation_the_testbench_passes(generated):
    icarus()
    done = subprocess.run(["make", "-C", generated.directory / "sim", "icarus"], capture_output=True, text=True)
    assert done.returncode == 0 and "\nPASS: " in done.stdout, done.stdout + done.stderr
    constraints = (generated.directory / generated.sidecar["files"]["constraints"]).read_text()
    assert "set_case_analysis 0 [get_ports test_mode]" in constraints


@pytest.mark.parametrize("preset", PRESETS)
def test_without_the_field_there_is_no_such_port(preset):
    plain = generated_once(load_design(preset, Design))
    assert "test_mode" not in plain.netlist.read_text(encoding="utf-8")
    assert plain.design.evolve(system={"test_pin": True}).hash != plain.design.hash
