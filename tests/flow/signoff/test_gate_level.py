"""The mapped netlist of a design gives golden's answers in the testbench that `remora generate` writes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from remora.flow.generate.directory import Generated
from remora.flow.signoff.result import GATES, synthesise_design
from remora.flow.systems.registry import generate, system_of
from remora.spec.crossbar.design import DesignPoint
from remora.spec.presets import load_design
from tests.flow.generate.test_testbench import run_make, verdict


@pytest.fixture(scope="module")
def gates(cells, tmp_path_factory) -> tuple[Generated, Path, Path]:
    """The generated folder of ``tiny``, its netlist of cells, and models of the cells without their delays."""
    folder, design = tmp_path_factory.mktemp("gates"), load_design("tiny", DesignPoint)
    synthesise_design(system_of(design).parts(design, None), flat_only=True, directory=folder / "synth")
    # Verilator refuses them, and a netlist without wires has no delays to be right about.
    models = re.sub(r"\bspecify\b.*?\bendspecify\b", "", cells.with_suffix(".v").read_text(), flags=re.DOTALL)
    (folder / "cells.v").write_text(models, encoding="utf-8")
    return generate(design, folder / "out"), folder / "synth" / f"{GATES}.v", folder / "cells.v"


def run(generated: Generated, netlist: Path, models: Path, simulator: str) -> str:
    """The verdict of the testbench on a netlist of cells."""
    macros = " ".join(f"../{path}" for path in generated.sidecar["files"]["models"])
    return verdict(run_make(generated.directory, simulator, f"NETLIST={netlist}", f"MODELS={macros} {models}"))


def test_the_gates_of_tiny_answer_as_golden_does(gates):
    found = re.match(
        r"PASS: (\d+) words of (\d+) answers and (\d+) register values compared, 0 differ", run(*gates, "icarus")
    )
    assert found and all(int(count) > 3 for count in found.groups())


# The compiler of a simulator takes minutes for a netlist of cells.
@pytest.mark.nightly
def test_the_gates_of_tiny_answer_as_golden_does_on_verilator(gates):
    assert run(*gates, "verilator").startswith("PASS")


def test_a_wrong_gate_is_found(gates, tmp_path):
    generated, netlist, models = gates
    text, wrong = re.subn(r"\bXOR2X1\b", "XNOR2X1", netlist.read_text(encoding="utf-8"))
    (tmp_path / "wrong.v").write_text(text, encoding="utf-8")
    assert wrong and run(generated, tmp_path / "wrong.v", models, "icarus").startswith("FAIL")
