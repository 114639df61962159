"""The example of a system of one's own: installed beside Remora, it is known to every command, and no file changes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from remora.flow.tools.icarus import find_icarus
from tests.readers import verilator_lint

EXAMPLE = Path(__file__).parents[3] / "examples" / "perceptron"
MOST_LINES = 400
PRESET = "blink"


def install(folder: Path, *changes: tuple[str, str, str]) -> Path:
    """The example in a folder for packages, with texts of its files replaced before."""
    source, target = folder / "source", folder / "packages"
    shutil.copytree(EXAMPLE, source)
    for name, old, new in changes:
        path = source / "remora_perceptron" / name
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1
        path.write_text(text.replace(old, new), encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "--target", str(target), str(source)], check=True, capture_output=True, text=True)
    return target


@pytest.fixture(scope="module")
def packages(tmp_path_factory) -> Path:
    """The folder that holds the example as it is."""
    return install(tmp_path_factory.mktemp("sound"))


def remora(packages: Path, *arguments: str | Path) -> subprocess.CompletedProcess:
    """`remora` where the packages are installed."""
    path = os.pathsep.join([str(packages), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path, "COLUMNS": "300"}
    command = [sys.executable, "-m", "remora.flow.cli", *map(str, arguments)]
    return subprocess.run(
        command, cwd=EXAMPLE.parents[1], env=environment, capture_output=True, text=True, encoding="utf-8", check=False
    )


def test_the_example_is_small():
    texts = [path.read_text(encoding="utf-8") for path in EXAMPLE.rglob("*.py")]
    assert len(texts) >= 5 and sum(bool(line.strip()) for text in texts for line in text.splitlines()) < MOST_LINES


def test_every_command_knows_it(packages, tmp_path):
    listed = remora(packages, "presets", "--json", tmp_path / "presets.json")
    assert "Perceptrons" in listed.stdout and listed.returncode == 0
    cores = {each["name"]: each["core"] for each in json.loads((tmp_path / "presets.json").read_text())["presets"]}
    assert (cores[PRESET], cores["tiny"], cores["kws"]) == ("perceptron", "crossbar", "bmru")
    helped = remora(packages, "simulate", "--help").stdout
    assert "--largest" in helped and "Perceptrons" in helped and "Of a perceptron: vectors" in helped
    assert remora(packages, "config", "check", PRESET, "tiny").stdout.count("valid") == 2
    assert "network.classes" in remora(packages, "config", "show", PRESET).stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["simulate", "tiny", "--largest", "3"], "--largest: 'tiny' is a crossbar accelerator, and only perceptrons"),
        (["simulate", PRESET, "--learn", "--noise"], "--learn, --noise: 'blink' is a perceptron, and only crossbar"),
        (["train", PRESET], "'blink' is a perceptron, which has no `remora train`; crossbar accelerators and BMRU"),
    ],
)
def test_what_it_lacks_is_refused(packages, arguments, words):
    answer = remora(packages, *arguments)
    assert answer.returncode == 2 and words in answer.stderr and answer.stderr.count("\n") == 1


def test_without_the_package_its_design_points_are_unknown(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('core = "perceptron"\n', encoding="utf-8")
    answer = remora(tmp_path, "config", "check", path)
    assert answer.returncode == 1 and """core = 'perceptron': legal are "crossbar", "bmru";""" in answer.stdout


def test_it_is_generated_linted_and_passes_its_testbench(packages, tmp_path):
    done = remora(packages, "generate", PRESET, "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    files = json.loads((tmp_path / "out" / "remora.json").read_text())["files"]
    sources = [files["lint_waivers"], files["netlist"], *files["models"]]
    assert verilator_lint(sources, "remora", "-Wall", "--timing", folder=tmp_path / "out") == ""
    icarus = find_icarus()
    tools = [f"IVERILOG={icarus.iverilog}", f"VVP={icarus.vvp}"]
    ran = subprocess.run(
        ["make", "-C", tmp_path / "out" / "sim", "icarus", *tools], capture_output=True, text=True, check=False
    )
    assert "PASS: 40 words of 8 answers and 3 register values compared, 0 differ" in ran.stdout, ran.stdout + ran.stderr


def test_it_is_simulated_and_a_wrong_golden_is_noticed(packages, tmp_path):
    result = tmp_path / "result.json"
    simulate = ["simulate", PRESET, "--limit", "30", "--toggles", tmp_path / "a.saif", "--json", result]
    done = remora(packages, *simulate)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(result.read_text())["toggles"]["macro_inputs"]["remora_crossbar"]["toggles"] > 30
    assert json.loads(result.read_text()) | {"answers_compared": 30, "mismatches": 0} == json.loads(result.read_text())
    # The same netlist, so that nothing is built anew.
    wrong = install(tmp_path, ("golden.py", "(sums + ((1 << design.adc_shift) >> 1))", "sums"))
    done = remora(wrong, *simulate)
    assert done.returncode == 1 and "hardware and golden differ" in done.stderr, done.stdout + done.stderr
    assert 0 < json.loads(result.read_text())["mismatches"] <= 30
