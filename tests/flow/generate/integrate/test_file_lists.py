"""File lists: Verilator and slang read them from any folder, and they name every file that they should."""

from __future__ import annotations

import subprocess
import sys

import pytest

from remora.spec.lib.section import Design
from remora.spec.presets import load_design
from tests.readers import SLANG, SLANG_WAIVERS, verilator_lint
from tests.support import generated_once


@pytest.mark.parametrize("preset", ["tiny", "kws"])
@pytest.mark.parametrize("purpose", ["synthesis", "simulation"])
def test_slang_elaborates_a_list_from_another_folder(preset, purpose, tmp_path):
    made = generated_once(load_design(preset, Design))
    path = made.directory / made.sidecar["files"][f"{purpose}_list"]
    options = ["slang", "--top", made.sidecar["top"], "-Werror", *(f"-Wno-{rule}" for rule in SLANG_WAIVERS)]
    command = [sys.executable, "-c", SLANG, " ".join([*options, "-F", str(path)])]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_verilator_lints_the_list_of_the_simulation_from_another_folder(tmp_path):
    made = generated_once(load_design("tiny", Design))
    files = made.sidecar["files"]
    options = ["-Wall", "--timing", "-F", str(made.directory / files["simulation_list"])]
    assert verilator_lint([made.directory / files["lint_waivers"]], "remora", *options, folder=tmp_path) == ""


def test_a_list_that_lacks_a_file_would_be_noticed(tmp_path):
    made = generated_once(load_design("tiny", Design))
    path = made.directory / made.sidecar["files"]["simulation_list"]
    lines = path.read_text().splitlines()
    assert lines[0].startswith("// ") and len(lines) > 5
    shorter = [str(made.directory / line) for line in lines[1:] if not line.endswith("remora_memory.sv")]
    (tmp_path / "short.f").write_text("\n".join(shorter))
    assert "remora_memory" in verilator_lint([], "remora", "-F", str(tmp_path / "short.f"))
