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
def fitted(tmp_path_factory) -> tuple[Generated, Path, dict]:
    """The generated folder of `tiny` that learns, its netlist of cells, and the figures after routing."""
    folder, system = tmp_path_factory.mktemp("fpga"), system_of(DESIGN)
    result = fit_design(system.parts(DESIGN, None), system.fpga_bodies(DESIGN, None), directory=folder / "fpga")
    return generate(DESIGN, folder / "out"), folder / "fpga" / f"{GATES}.v", result


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
    generated, netlist, _ = fitted
    found = re.match(
        r"PASS: (\d+) words of (\d+) answers and (\d+) register values compared, 0 differ", run(generated, netlist)
    )
    assert found and all(int(count) > 3 for count in found.groups())


def test_a_wrong_cell_is_found(fitted, tmp_path):
    """Multipliers read the sign of what they multiply as a magnitude."""
    generated, netlist, _ = fitted
    text, wrong = re.subn(r"\.SIGNEDA\(1'h1\)", ".SIGNEDA(1'h0)", netlist.read_text(encoding="utf-8"))
    (netlist.parent / "wrong.v").write_text(text, encoding="utf-8")
    assert wrong and run(generated, netlist.parent / "wrong.v").startswith("FAIL")


def test_figures_after_routing(fitted):
    *_, result = fitted
    assert result["mhz"] > 20 and result["resources"]["luts"]["used"] > 3000
    blocks = result["by_block"]
    assert blocks["remora_crossbar"]["instances"] == 8 and blocks["remora_crossbar"]["multipliers"] > 24
    assert sum(each["multipliers"] for each in blocks.values()) == result["resources"]["multipliers"]["used"]
    cycles = result["sequence_cycles"]
    assert cycles["inferred"] < cycles["learnt"] < cycles["learnt_and_replayed"]
    assert result["sequences_per_second"]["learnt"] == round(result["mhz"] * 1e6 / cycles["learnt"], 1)
