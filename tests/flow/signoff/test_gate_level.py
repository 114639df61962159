"""The mapped netlist of a design gives golden's answers in the testbench that `remora generate` writes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from remora.flow.generate.directory import Generated
from remora.flow.signoff.result import GATES, synthesise_design
from remora.flow.systems.registry import generate, system_of
from remora.flow.tools.yosys import run_yosys
from remora.spec.crossbar.design import DesignPoint
from remora.spec.presets import load_design
from tests.flow.generate.test_testbench import run_make, verdict

STARTS = (0, 1)
FLIP_FLOP = """\
module DFFPOSX1 (input CLK, input D, output reg Q);
  initial Q = 1'b{start};
  always @(posedge CLK) Q <= D;
endmodule"""
KINDS = (*(f"icarus from {start}" for start in STARTS), "verilator")


@pytest.fixture(scope="module")
def gates(cells, tmp_path_factory) -> tuple[Generated, Path, Mapping[str, Path]]:
    """The generated folder of ``tiny``, its netlist of cells, and models of the cells by simulator.

    Icarus takes the library's own models, but flip-flops that start at 0, or at 1. Gates of an unknown and its opposite
    give an unknown, so some registers that a reset sets would stay unknown for ever. Verilator takes the functions that
    its Liberty states: the library's models of flip-flops are tables, each of which is a clock of its own to Verilator
    and costs minutes of compiling.
    """
    folder, design = tmp_path_factory.mktemp("gates"), load_design("tiny", DesignPoint)
    own = cells.with_suffix(".v").read_text(encoding="utf-8")
    synthesise_design(system_of(design).parts(design, None), flat_only=True, directory=folder / "synth")
    functions = folder / "functions.v"
    run_yosys([f"read_liberty -ignore_miss_func {cells}", f"write_verilog -noattr {functions}"], folder, "functions")
    models = {"verilator": functions}
    for start in STARTS:
        flip_flop = FLIP_FLOP.format(start=start)
        text, found = re.subn(r"^module DFFPOSX1 .*?^endmodule$", flip_flop, own, flags=re.MULTILINE | re.DOTALL)
        assert found == 1
        models[f"icarus from {start}"] = folder / f"cells_{start}.v"
        models[f"icarus from {start}"].write_text(text, encoding="utf-8")
    return generate(design, folder / "out"), folder / "synth" / f"{GATES}.v", models


def run(generated: Generated, netlist: Path, models: Mapping[str, Path], kind: str) -> str:
    """The verdict of the testbench on a netlist of cells."""
    macros = " ".join(f"../{path}" for path in generated.sidecar["files"]["models"])
    # The simulation takes less than a second: not worth a second's optimisation by the compiler.
    flags = "VERILATOR_FLAGS=-CFLAGS -O0"
    return verdict(
        run_make(generated.directory, kind.split()[0], f"NETLIST={netlist}", f"MODELS={macros} {models[kind]}", flags)
    )


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=pytest.mark.nightly) if kind == "icarus from 1" else kind for kind in KINDS]
)
def test_the_gates_of_tiny_answer_as_golden_does(gates, kind):
    found = re.match(
        r"PASS: (\d+) words of (\d+) answers and (\d+) register values compared, 0 differ", run(*gates, kind)
    )
    assert found and all(int(count) > 3 for count in found.groups())


def test_a_wrong_gate_is_found(gates, tmp_path):
    generated, netlist, models = gates
    text, wrong = re.subn(r"\bXOR2X1\b", "XNOR2X1", netlist.read_text(encoding="utf-8"))
    (tmp_path / "wrong.v").write_text(text, encoding="utf-8")
    assert wrong and run(generated, tmp_path / "wrong.v", models, "icarus from 0").startswith("FAIL")
