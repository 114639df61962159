"""Mapped netlists in place of the Verilog, under the project's own monitors: every record against golden's."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from remora.flow.generate.directory import Generated
from remora.flow.signoff.gates import Gates, gates_of
from remora.flow.signoff.verified import GATES_BY_DAY, GATES_SIMULATED, SIMULATED
from remora.flow.systems.bmru.run import KINDS as BMRU_KINDS
from remora.flow.systems.bmru.run import BmruCase
from remora.flow.systems.bmru.stimulus import BmruStimulus
from remora.flow.systems.crossbar.generate import write_images
from remora.flow.systems.crossbar.run import KINDS, CrossbarCase
from remora.flow.systems.crossbar.stimulus import learning_stimulus, stress_stimulus, with_bad_packets
from remora.flow.systems.registry import system_of
from remora.flow.tools.simulator import SimulationFailed
from remora.flow.verify.harness import build_gates
from remora.flow.verify.run import RtlRun, RunCase, run_case
from remora.golden.bmru.clips import VoteSettings
from remora.golden.bmru.random_codes import clip_packets, random_codes, random_features
from remora.golden.crossbar.cell import Coefficients
from remora.spec.bmru.design import BmruDesign
from remora.spec.bmru.records import FRAME
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.records import INSERT, LEARN, READOUT, STEP
from remora.spec.lib.section import Design
from tests.support import generated_once, icarus

SETS: dict[str, Any] = {each.name: each.design for each in SIMULATED}
TINY: DesignPoint = SETS["tiny"]
LEARNING: DesignPoint = SETS["tiny, learning"]
KWS: BmruDesign = SETS["kws"]
FRAMES = 12
MapDesign = Callable[[Design], tuple[Generated, Gates]]


@pytest.fixture(scope="module")
def mapped(cells) -> MapDesign:
    """The generated directory of a design point, and its gates."""
    icarus()

    def make(design: Design) -> tuple[Generated, Gates]:
        generated = generated_once(design)
        return generated, gates_of(generated)

    return make


def run(mapped: MapDesign, case: RunCase, folder: Path, netlist: Path | None = None, **options) -> RtlRun:
    """A run of the gates, or of a netlist in their place."""
    generated, gates = mapped(case.design)
    gates = replace(gates, netlist=netlist or gates.netlist)
    return run_case(build_gates(generated, system_of(case.design).harness, gates), case, folder / "run", **options)


def from_images(design: DesignPoint, sequences: int, folder: Path, make=stress_stimulus) -> CrossbarCase:
    """Sequences of every length, and bad packets between them; weights come from memory images."""
    stimulus = with_bad_packets(design, make(design, sequences, Coefficients(176, 216), 5), 5)
    write_images(design, stimulus.weights, folder / "images")
    return CrossbarCase(design, stimulus, images=folder / "images")


def tiny(folder: Path) -> CrossbarCase:
    """Three sequences."""
    return from_images(TINY, 3, folder)


def check_tiny(found: RtlRun) -> None:
    found.require(*KINDS)
    assert found.comparison.compared[STEP] > 3 == found.comparison.compared[READOUT]


def learning(folder: Path) -> CrossbarCase:
    """Sequences that teach, fill the reservoir and are replayed."""
    return from_images(LEARNING, 6, folder, learning_stimulus)


def check_learning(found: RtlRun) -> None:
    found.require(*KINDS, LEARN, INSERT, "hidden weights", "readout weights", "hidden accumulators", "counts")
    assert found.counters[Counter.PULSES] > 0 and found.counters[Counter.REPLAYED] > 0


def kws(folder: Path) -> BmruCase:
    """Two clips; the macro of the core stays behavioural, and the monitor watches it."""
    packets = clip_packets(random_features(KWS, 2, FRAMES, 4))
    stimulus = BmruStimulus(tuple(packets), random_codes(KWS, 4), VoteSettings.of(KWS, report_frames=True))
    return BmruCase(KWS, stimulus)


def check_kws(found: RtlRun) -> None:
    found.comparison.require(*BMRU_KINDS)
    assert found.comparison.compared[FRAME] == 2 * FRAMES


CASES = {"tiny": (tiny, check_tiny), "tiny, learning": (learning, check_learning), "kws": (kws, check_kws)}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in GATES_BY_DAY else pytest.mark.nightly) for name in CASES]
)
def test_the_gates_do_what_golden_does(mapped, tmp_path, name):
    """Among them are the sets that the table of verified ones names."""
    assert {*GATES_SIMULATED} <= CASES.keys()
    case, check = CASES[name]
    check(run(mapped, case(tmp_path), tmp_path))


@pytest.mark.nightly
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("stall", [0.0, 0.4])
def test_the_gates_of_tiny_after_any_power_up(mapped, tmp_path, seed, stall):
    """With weights that the weight window programs, and streams that pause."""
    stimulus = stress_stimulus(TINY, 3, Coefficients(128, 100), seed)
    run(mapped, CrossbarCase(TINY, stimulus), tmp_path, seed=seed, stall=stall).require(*KINDS)


def edited(mapped: MapDesign, module: str, pattern: str, to: str, folder: Path) -> Path:
    """The netlist of ``tiny`` with the first match in a module replaced."""
    text = mapped(TINY)[1].netlist.read_text(encoding="utf-8")
    start = text.index(f"module {module}(")
    block, count = re.subn(pattern, to, text[start:], count=1)
    assert count == 1
    (folder / "edited.v").write_text(text[:start] + block, encoding="utf-8")
    return folder / "edited.v"


@pytest.mark.nightly
def test_a_wrong_cell_is_found(mapped, tmp_path):
    netlist = edited(mapped, "remora_miru_lane", r"\bXOR2X1\b", "XNOR2X1", tmp_path)
    found = run(mapped, from_images(TINY, 2, tmp_path), tmp_path, netlist)
    assert found.comparison.total_mismatches and found.comparison.first.kind == STEP


@pytest.mark.nightly
def test_an_unknown_bit_that_is_compared_ends_the_run(mapped, tmp_path):
    netlist = edited(mapped, "remora_miru_lane", r"\.Y\(candidate\[8\]\)", ".Y()", tmp_path)
    with pytest.raises(SimulationFailed, match="unknown value"):
        run(mapped, from_images(TINY, 2, tmp_path), tmp_path, netlist)
