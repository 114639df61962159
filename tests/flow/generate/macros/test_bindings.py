"""Bindings: Yosys puts the cell of the Liberty abstracts for every macro of a netlist."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from remora.spec.lib.section import Design
from remora.spec.presets import load_design
from tests.readers import yosys
from tests.support import generated_copy, generated_once


def read(directory, files: dict, top: str):
    """Yosys reads the abstracts, the bindings and the netlist, and counts what is placed."""
    return yosys(
        [
            f"read_liberty -lib {files['liberty']}",
            *(f"read_verilog {files[name]}" for name in ("bindings", "netlist")),
            f"hierarchy -check -top {top}", "proc", "flatten", "stat",
        ],
        directory,
    )  # fmt: skip


@pytest.mark.parametrize("preset", ["tiny", "mnist-bmru", "kws"])
def test_every_macro_becomes_its_cell(preset):
    made = generated_once(load_design(preset, Design))
    done = read(made.directory, made.sidecar["files"], made.sidecar["top"])
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-1500:]
    wanted = Counter(entry["cell"] for entry in made.sidecar["macros"])
    counts = re.findall(r"^ +(\d+) +(?:- +)?(remora_\w+)$", done.stdout.split("Printing statistics")[-1], re.MULTILINE)
    assert {name: int(count) for count, name in counts} == wanted and sum(wanted.values()) >= 2


def test_a_shape_without_a_cell_is_noticed(tmp_path):
    made = generated_copy(load_design("tiny", Design), tmp_path)
    path = made.directory / made.sidecar["files"]["bindings"]
    text = path.read_text()
    assert text.count("ROWS == 6 && COLUMNS == 4") == 1
    path.write_text(text.replace("ROWS == 6 && COLUMNS == 4", "ROWS == 7 && COLUMNS == 4"))
    done = read(made.directory, made.sidecar["files"], made.sidecar["top"])
    assert done.returncode != 0 and "remora_crossbar_has_no_cell_of_this_shape" in done.stdout + done.stderr
