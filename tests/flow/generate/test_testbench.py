"""The testbench that is generated to be taken along: it passes on both simulators, and every mistake turns it red."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from remora.flow.generate.directory import Generated
from remora.flow.generate.testbench import FILES
from remora.flow.signoff.verified import LEARNS, SIMULATED, SIMULATORS
from remora.flow.systems.crossbar.devices import check_devices, devices_asked
from remora.flow.systems.crossbar.scenario import IDEAL_DEVICES, crossbar_scenario
from remora.flow.systems.registry import generate
from remora.flow.tools.simulator import build_root, find_verilator
from remora.flow.tools.verilator import build_environment
from remora.golden.crossbar.weights import initial_weights
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, all_tiles
from remora.spec.crossbar.spares.spare_map import SpareMap
from remora.spec.lib.registers import register_map
from remora.spec.lib.section import Design
from remora.spec.presets import load_design, preset_names
from tests.support import icarus

DESIGNS = {each.name: each for each in SIMULATED}
SILENT = {"enabled": True, "hidden_shift": 24, "readout_shift": 24}
"""Rates at which no update has a pulse, so that all its cycles are known."""
TIMED = {
    "winners": {"learning": SILENT | {"winners": 2}},
    "folds": {"learning": SILENT | {"lanes": 4}},
    "replay": {"learning": SILENT | {"replay_capacity": 20}},
    "direct": {"learning": SILENT | {"update": "direct", "accumulator_level": 16384}},
    # More than one draw a column, so that feedback takes longer than walking the history.
    "classes": {"learning": SILENT, "network": {"classes": 40}},
}
"""Variants of `tiny` by what decides how long an update takes."""
TIMED_AT_NIGHT = ("winners", "folds", "classes")


def make_design(name: str) -> Design:
    """A design by its name above."""
    return DESIGNS[name].design


@pytest.fixture(scope="session")
def generated(tmp_path_factory) -> Callable[[str], Generated]:
    """A design's generated folder, made once; what is built in it stays."""
    made: dict[str, Generated] = {}

    def get(name: str) -> Generated:
        if name not in made:
            made[name] = generate(make_design(name), tmp_path_factory.mktemp("testbench"))
        return made[name]

    return get


def run_make(folder: Path, target: str, *variables: str) -> subprocess.CompletedProcess:
    """``make -C folder/sim target`` with the tools of this machine; the target is a simulator."""
    environment, tools = dict(os.environ), []
    if target == "verilator":
        verilator = find_verilator()
        environment |= build_environment(verilator, build_root() / "runtime", "build")
        tools = [f"VERILATOR={verilator.path}"]
    else:
        icarus()
    command = ["make", "-C", str(folder / "sim"), target, *tools, *variables]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900, check=False)


def verdict(result: subprocess.CompletedProcess) -> str:
    """The line that begins with PASS or FAIL; there is one."""
    lines = [line for line in result.stdout.splitlines() if line.startswith(("PASS", "FAIL"))]
    assert len(lines) == 1, result.stdout[-2000:] + result.stderr[-2000:]
    assert (result.returncode == 0) == lines[0].startswith("PASS")
    return lines[0]


def lines_of(generated: Generated, name: str) -> list[str]:
    """Of a file of the testbench, without comments."""
    text = (generated.directory / "sim" / name).read_text(encoding="utf-8")
    return [line.partition("//")[0].strip() for line in text.splitlines()]


@pytest.mark.parametrize(
    ("name", "simulator"),
    [
        pytest.param(
            name,
            simulator,
            marks=[pytest.mark.nightly] if simulator in DESIGNS[name].at_night else [],
        )
        for name in DESIGNS
        for simulator in SIMULATORS
    ],
)
def test_passes_and_compares_everything(generated, name, simulator):
    folder = generated(name)
    found = verdict(run_make(folder.directory, simulator))
    words = lines_of(folder, "answers.hex")
    answers = sum(line.split("_")[1] == "1" for line in words)
    registers = sum(line.startswith("2_") for line in lines_of(folder, "host.hex"))
    assert len(words) > answers > 3 and registers > 50
    counts = f"{len(words)} words of {answers} answers and {registers} register values compared, 0 differ"
    assert found.startswith(f"PASS: {counts}; ")


# Design points of real devices ---------------------------------------------------------------------------------------
REAL = {"model": "taox-hfox", "read_noise": 0.05, "converter_offset": 3, "stuck_full": 0.1}
VERIFIED = LEARNS | {"verify_reads": 2, "compensation": True}
BY_PRESET = {
    name: design
    for name in preset_names()
    if isinstance(design := load_design(name, Design), DesignPoint) and not design.capabilities.bistable
}
CHIPS = {
    "tiny, verified": load_design("tiny", DesignPoint).evolve(learning=VERIFIED, crossbar={"verify_pulses": 4}),
    "tiny, digital biases": load_design("tiny", DesignPoint).evolve(learning=LEARNS, crossbar={"bias": "digital"}),
    "tiny, direct": load_design("tiny", DesignPoint).evolve(learning=TIMED["direct"]["learning"]),
    **BY_PRESET,
}
"""Design points that are given a chip at night: learning of several kinds, and every preset that may have one."""


@pytest.mark.parametrize("name", ["tiny", "tiny, learning"])
def test_a_chip_changes_nothing_but_what_the_readme_says(generated, name):
    """The testbench has ideal devices, so its answers are golden's with ideal ones, of the folders that pass above."""
    folder = generated(name)
    design = folder.design.evolve(devices=REAL)
    assert design.hash == folder.design.hash and not design.devices.ideal
    scenario = crossbar_scenario(design, initial_weights(design))
    texts = {"host.hex": scenario.host, "packets.hex": scenario.packets, "answers.hex": scenario.answers}
    compared = 0
    for file, lines in texts.items():
        found = (folder.directory / "sim" / file).read_text(encoding="utf-8").splitlines()
        assert found == lines
        compared += len(found)
    assert compared > 100
    readme = (folder.directory / "sim" / "README.md").read_text(encoding="utf-8")
    assert IDEAL_DEVICES in scenario.about and "ideal" not in readme


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("name", "simulator"),
    [(name, each) for name in CHIPS for each in SIMULATORS if each == "icarus" or name not in BY_PRESET],
)
def test_it_passes_whatever_chip_the_design_point_has(tmp_path, name, simulator):
    design = CHIPS[name].evolve(devices=REAL)
    made = generate(design, tmp_path / "out")
    assert IDEAL_DEVICES in (made.directory / "sim" / "README.md").read_text(encoding="utf-8")
    found = re.match(r"PASS: (\d+) words of (\d+) answers", verdict(run_make(made.directory, simulator)))
    assert found and int(found[1]) > int(found[2]) > 1


@pytest.mark.parametrize("simulator", SIMULATORS)
def test_devices_that_tiles_leave_over_stay_at_rest(generated, tmp_path, simulator):
    """Where macros are larger than tiles; the testbench programs the last column at the end."""
    name = "tiny, every step"
    folder = generated(name)
    arguments = f"PLUSARGS=+remora_images=../images {devices_asked(tmp_path)}"
    assert verdict(run_make(folder.directory, simulator, arguments)).startswith("PASS")
    check = check_devices(folder.design, initial_weights(folder.design), tmp_path, SpareMap.idle(folder.design))
    assert len(check.actual) == len(check.expected) == len(all_tiles(folder.design)) * 9 * 6
    last = all_tiles(folder.design)[-1]
    programmed = (check.actual["tile"] == check.actual["tile"][-1]) & (check.actual["column"] == last.columns - 1)
    assert (check.actual[~programmed] == check.expected[~programmed]).all() and not check.actual["unused"].any()
    crossbar = folder.design.crossbar
    levels = np.resize([crossbar.weight_limit, -1, 0, -crossbar.weight_limit, 1], last.rows)
    found = check.actual[programmed & (check.actual["row"] < last.rows)]["weight"]
    assert (found == levels << crossbar.fraction_bits).all() and len(found) == last.rows > 1


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.nightly) if name in TIMED_AT_NIGHT else name for name in TIMED]
)
def test_the_hardware_counts_the_cycles_of_the_model(name, tmp_path):
    """Those of `remora.spec.crossbar.cycles`, which the testbench compares where they are exact; one cycle more or less
    is found."""
    design = load_design("tiny", DesignPoint).evolve(name="timed", **TIMED[name])
    made = generate(design, tmp_path / "out")
    compared = [Counter.STEP_CYCLES, Counter.FEEDBACK_CYCLES, Counter.LEARN_CYCLES]
    if design.capabilities.replays:
        compared.append(Counter.INSERT_CYCLES)
    host, registers = made.directory / "sim" / "host.hex", register_map(design)
    lines = host.read_text(encoding="utf-8").splitlines()
    for counter in compared:
        low, _ = registers.counter(counter)
        (number,) = [index for index, line in enumerate(lines) if line.endswith(f"expect {low.name}")]
        assert int(lines[number].split("_")[3].split()[0], 16) > 0
    assert verdict(run_make(made.directory, "icarus")).startswith("PASS")
    word = lines[number].split("_")[3].split()[0]
    edit(host, number, f"_{word} ", f"_{int(word, 16) + 1:08x} ")
    assert verdict(run_make(made.directory, "icarus")).startswith("FAIL")


@pytest.mark.parametrize("name", ["tiny, learning", "kws"])
def test_bits_at_power_up_do_not_matter(generated, name):
    folder = generated(name).directory
    verdicts = {verdict(run_make(folder, "verilator", f"SEED={seed}")) for seed in range(1, 9)}
    assert len(verdicts) == 1 and verdicts.pop().startswith("PASS")


# What turns it red --------------------------------------------------------------------------------------------------
@pytest.fixture
def moved(generated, tmp_path) -> Callable[..., Path]:
    """A copy of a generated folder, elsewhere and with a space in its path.

    With a simulator, what that has built in the first place comes along.
    """

    def get(name: str, simulator: str | None = None) -> Path:
        source, target = generated(name).directory, tmp_path / "taken along" / name.replace(", ", "-")
        if simulator:
            assert verdict(run_make(source, simulator)).startswith("PASS")
        shutil.copytree(source, target)
        return target

    return get


def edit(path: Path, number: int, old: str, new: str) -> None:
    """Replace text in one line of a file."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    assert old in lines[number]
    lines[number] = lines[number].replace(old, new, 1)
    path.write_text("".join(lines), encoding="utf-8")


@pytest.mark.parametrize("simulator", SIMULATORS)
def test_a_wrong_answer_is_found_wherever_the_folder_lies(moved, simulator):
    folder = moved("tiny", simulator)
    assert verdict(run_make(folder, simulator)).startswith("PASS")
    answers = folder / "sim" / "answers.hex"
    packet, last, word = answers.read_text(encoding="utf-8").splitlines()[5].split("_")
    edit(answers, 5, word, f"{int(word, 16) ^ 1:08x}")
    result = run_make(folder, simulator)
    assert re.search(
        f"first mismatch: packet {int(packet, 16)}, word 1 of its answer: "
        f"expected {int(word, 16) ^ 1:08x} \\(last {last}\\), got {word} \\(last {last}\\)", result.stdout
    )  # fmt: skip
    assert re.match(r"FAIL: \d+ words .*, 1 differ; ", verdict(result))


@pytest.mark.parametrize("simulator", SIMULATORS)
def test_a_wrong_weight_after_learning_is_found(moved, simulator):
    """The values that are read back are those that golden learnt, and they are not those of the start."""
    folder = moved("tiny, learning", simulator)
    host = (folder / "sim" / "host.hex").read_text(encoding="utf-8").splitlines()
    number = next(index for index, line in enumerate(host) if "expect WINDOW_DATA readout_tile_0, column 1" in line)
    value = host[number].partition("  ")[0].split("_")[3]
    edit(folder / "sim" / "host.hex", number, f"_{value} ", f"_{int(value, 16) ^ 4:08x} ")
    result = run_make(folder, simulator)
    assert f"first mismatch: line {number + 1} of host.hex, register 00000048" in result.stdout
    assert ", 1 differ; " in verdict(result)


def test_something_is_learnt_in_both_layers(generated):
    """Weights that are read back differ from those of the images: else nobody would notice that nothing is learnt."""
    folder = generated("tiny, learning")
    host = (folder.directory / "sim" / "host.hex").read_text(encoding="utf-8")
    line = r"^2_\w+_(\w+)  // expect WINDOW_DATA (\w+), column (\d+), rows from (\d+)$"
    changed = dict.fromkeys(Layer, 0)
    tiles, weights = {tile.name: tile for tile in all_tiles(folder.design)}, initial_weights(folder.design)
    # The last of these lines show the column that is programmed at the end.
    for word, name, column, row in re.findall(line, host.partition("write WINDOW_DATA")[0], re.MULTILINE):
        tile = tiles[name]
        layer = weights.hidden if tile.layer is Layer.HIDDEN else weights.readout
        start = layer[tile.row_slice, tile.column_slice][int(row) : int(row) + 4, int(column)]
        changed[tile.layer] += start.astype(np.int8).tobytes() != int(word, 16).to_bytes(4, "little")[: len(start)]
    assert min(changed.values()) > 3


@pytest.mark.parametrize("simulator", SIMULATORS)
def test_a_wrong_image_is_found(moved, simulator):
    folder = moved("tiny", simulator)
    image = folder / "images" / "hidden_tile_0.hex"
    word = image.read_text(encoding="utf-8").split()[0]
    edit(image, 0, word, f"{(int(word, 16) + 9) & 0xFFFF:04x}")
    assert verdict(run_make(folder, simulator)).startswith("FAIL: ")


@pytest.mark.parametrize("simulator", SIMULATORS)
def test_a_missing_file_is_told(moved, simulator):
    folder = moved("tiny", simulator)
    (folder / "sim" / "packets.hex").unlink()
    assert "packets.hex is missing or too short" in verdict(run_make(folder, simulator))


def mutated(folder: Path, module: str, edits: dict[str, str]) -> str:
    """Variable of the makefile: a netlist in which patterns within one module are replaced, each once."""
    netlist = next((folder / "rtl").iterdir())
    before, start, rest = netlist.read_text(encoding="utf-8").partition(f"\nmodule {module}(")
    text, end, after = rest.partition("\nendmodule")
    assert start and end, f"the netlist has no module {module}"
    for pattern, replacement in edits.items():
        text, count = re.subn(pattern, replacement, text, count=1)
        assert count == 1, f"nothing in {module} is {pattern}"
    (folder / f"mutated{netlist.suffix}").write_text(before + start + text + end + after, encoding="utf-8")
    return f"NETLIST=../mutated{netlist.suffix}"


MUTATIONS = {
    "tiny": ("remora_miru_lane", {r"(\$signed\(candidate\)) - ": r"\1 + "}),
    "tiny, learning": ("remora_gradient_lane", {r"first \? \S+ : gradient": "gradient"}),
    "kws": ("remora_vote", {"count_1 > count_0": "count_1 < count_0"}),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_wrong_statement_in_the_netlist_is_found(moved, name):
    folder = moved(name)
    result = run_make(folder, "icarus", mutated(folder, *MUTATIONS[name]))
    assert verdict(result).startswith("FAIL: ") and "first mismatch: " in result.stdout


HANGS = {
    "m_axis_tvalid": "packet 0 is not answered within",
    "s_axis_tready": "packet 0 is not answered within",
    "s_axil_rvalid": "does not answer within 1000 cycles",
}


@pytest.mark.parametrize("port", HANGS)
def test_a_design_that_hangs_ends(moved, port):
    """The port is held at 0, whatever drove it."""
    folder = moved("tiny")
    edits = {rf"assign {port} = .*;": f"assign {port} = 1'b0;"}
    assert HANGS[port] in verdict(run_make(folder, "icarus", mutated(folder, "remora", edits)))


def test_nothing_compared_is_a_failure(moved):
    """Packets alone, and an end."""
    folder = moved("tiny")
    sim = folder / "sim"
    host = (sim / "host.hex").read_text(encoding="utf-8").splitlines()
    (sim / "host.hex").write_text(host[-1] + "\n", encoding="utf-8")
    parameters = (sim / "parameters.vh").read_text(encoding="utf-8")
    (sim / "parameters.vh").write_text(parameters.replace(f"COMMANDS = {len(host)}", "COMMANDS = 1"), encoding="utf-8")
    assert verdict(run_make(folder, "icarus")).startswith("FAIL: nothing was compared")


def test_a_missing_simulator_is_told(moved):
    result = run_make(moved("tiny"), "icarus", "IVERILOG=no-such-simulator", "VVP=no-such-simulator")
    assert result.returncode != 0 and "there is no command 'no-such-simulator'" in result.stdout


def test_verilator_builds_in_no_folder_with_a_space(moved):
    folder = moved("tiny")
    shutil.rmtree(folder / "sim" / "build", ignore_errors=True)
    result = run_make(folder, "verilator")
    assert result.returncode != 0 and "error: Verilator builds in no folder with a space in its path" in result.stdout


# Form -----------------------------------------------------------------------------------------------------------------
def test_the_testbench_is_plain_verilog(generated):
    """Verilog-2005 without a warning; the design is missing on purpose."""
    icarus()
    command = ["iverilog", "-g2005", "-Wall", "-i", "-t", "null", "-s", "remora_testbench", "remora_testbench.v"]
    folder = generated("tiny").directory / "sim"
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    assert result.stdout + result.stderr == ""


def test_the_files_are_listed(generated):
    listed = generated("tiny").sidecar["files"]["testbench"]
    assert listed == [f"sim/{name}" for name in FILES]
    assert all((generated("tiny").directory / name).is_file() for name in listed)
