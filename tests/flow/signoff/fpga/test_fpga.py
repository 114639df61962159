"""The netlist of cells of an ECP5 gives golden's answers in the testbench that `remora generate` writes."""

from __future__ import annotations

import re
from pathlib import Path

import pyosys
import pytest

from remora.flow.generate.directory import Generated
from remora.flow.signoff.fpga.result import fit_design
from remora.flow.signoff.fpga.synthesis import GATES
from remora.flow.systems.registry import generate, system_of
from tests.flow.generate.test_testbench import run_make, verdict
from tests.hdl.designs import TINY

pytestmark = pytest.mark.nightly
CELLS = Path(pyosys.__file__).parent / "share" / "ecp5"
"""Models of the cells that Yosys brings; those of block memory and multiplier come with the netlist."""
REFUSED = re.compile(r"\belse begin\s*\$error\(.*?\);\s*end")
DESIGN = TINY.evolve(learning={"enabled": True, "replay_capacity": 20})


@pytest.fixture(scope="module")
def fitted(tmp_path_factory) -> tuple[Generated, Path]:
    """The generated folder of `tiny` that learns, and its netlist of cells."""
    folder, system = tmp_path_factory.mktemp("fpga"), system_of(DESIGN)
    parts, bodies = system.parts(DESIGN, None), system.fpga_bodies(DESIGN, None)
    fit_design(parts, bodies, route=False, directory=folder / "fpga")
    return generate(DESIGN, folder / "out"), folder / "fpga" / f"{GATES}.v"


def run(generated: Generated, netlist: Path) -> str:
    """The verdict of the testbench on a netlist of cells."""
    # Icarus Verilog 11 does not read $error in a generate block.
    common, wrong = REFUSED.subn("", (CELLS / "common_sim.vh").read_text(encoding="utf-8"))
    assert wrong
    (netlist.parent / "common_sim.v").write_text(common, encoding="utf-8")
    models = [netlist.parent / "common_sim.v", CELLS / "ccu2c_sim.vh", netlist.parent / "ecp5_blocks.v"]
    settings = f"NETLIST={netlist}", f"MODELS={' '.join(map(str, models))}", f"IVERILOG_FLAGS=-I {CELLS}"
    return verdict(run_make(generated.directory, "icarus", *settings))


def test_the_cells_answer_as_golden_does(fitted):
    generated, netlist = fitted
    found = re.match(
        r"PASS: (\d+) words of (\d+) answers and (\d+) register values compared, 0 differ", run(generated, netlist)
    )
    assert found and all(int(count) > 3 for count in found.groups())


def test_a_wrong_cell_is_found(fitted, tmp_path):
    """Multipliers read the sign of what they multiply as a magnitude."""
    generated, netlist = fitted
    text, wrong = re.subn(r"\.SIGNEDA\(1'h1\)", ".SIGNEDA(1'h0)", netlist.read_text(encoding="utf-8"))
    (netlist.parent / "wrong.v").write_text(text, encoding="utf-8")
    assert wrong and run(generated, netlist.parent / "wrong.v").startswith("FAIL")
