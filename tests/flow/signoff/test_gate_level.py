"""The mapped netlist of a design gives golden's answers in the testbench that `remora generate` writes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from remora.flow.generate.directory import Generated
from remora.flow.signoff.gates import cell_models
from remora.flow.signoff.result import GATES, synthesise_design
from remora.flow.systems.registry import generate, system_of
from remora.flow.tools.yosys import run_yosys
from remora.spec.crossbar.design import DesignPoint
from remora.spec.presets import load_design
from tests.flow.generate.test_testbench import run_make, verdict


@pytest.fixture(scope="module")
def gates(cells, tmp_path_factory) -> tuple[Generated, Path, Mapping[str, Path]]:
    """The generated folder of ``tiny``, its netlist of cells, and models of the cells by simulator.

    Icarus takes the models that `remora simulate --gates` takes: the library's own, but flip-flops hold random bits at
    power-up. Verilator takes the functions that its Liberty states: the library's models of flip-flops are tables,
    each of which is a clock of its own to Verilator and costs minutes of compiling.
    """
    folder, design = tmp_path_factory.mktemp("gates"), load_design("tiny", DesignPoint)
    synthesise_design(system_of(design).parts(design, None), flat_only=True, directory=folder / "synth")
    functions = folder / "functions.v"
    run_yosys([f"read_liberty -ignore_miss_func {cells}", f"write_verilog -noattr {functions}"], folder, "functions")
    models = {"verilator": functions, "icarus": folder / "cells.sv"}
    models["icarus"].write_text(cell_models(cells.with_suffix(".v").read_text(encoding="utf-8")), encoding="utf-8")
    return generate(design, folder / "out"), folder / "synth" / f"{GATES}.v", models


def run(generated: Generated, netlist: Path, models: Mapping[str, Path], simulator: str) -> str:
    """The verdict of the testbench on a netlist of cells."""
    macros = " ".join(f"../{path}" for path in generated.sidecar["files"]["models"])
    # The simulation takes less than a second: not worth a second's optimisation by the compiler.
    flags = "VERILATOR_FLAGS=-CFLAGS -O0"
    return verdict(
        run_make(generated.directory, simulator, f"NETLIST={netlist}", f"MODELS={macros} {models[simulator]}", flags)
    )


@pytest.mark.parametrize("simulator", ["icarus", pytest.param("verilator", marks=pytest.mark.nightly)])
def test_the_gates_of_tiny_answer_as_golden_does(gates, simulator):
    found = re.match(
        r"PASS: (\d+) words of (\d+) answers and (\d+) register values compared, 0 differ", run(*gates, simulator)
    )
    assert found and all(int(count) > 3 for count in found.groups())


def test_a_wrong_gate_is_found(gates, tmp_path):
    generated, netlist, models = gates
    text, wrong = re.subn(r"\bXOR2X1\b", "XNOR2X1", netlist.read_text(encoding="utf-8"))
    (tmp_path / "wrong.v").write_text(text, encoding="utf-8")
    assert wrong and run(generated, tmp_path / "wrong.v", models, "icarus").startswith("FAIL")
