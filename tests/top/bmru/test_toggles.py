"""Toggles of a BMRU accelerator, whose clock stands between frames: cycles are those of the clock that never does."""

from __future__ import annotations

from remora.flow.systems.bmru.generate import bmru_parts
from remora.flow.systems.bmru.harness import bmru_harness
from remora.flow.systems.bmru.run import BmruCase
from remora.flow.systems.bmru.stimulus import BmruStimulus
from remora.flow.verify.saif import read_saif
from remora.flow.verify.simulation import simulate_case
from remora.flow.verify.toggles import DESIGN_PATH
from remora.golden.bmru.clips import VoteSettings
from remora.golden.bmru.random_codes import clip_packets, random_codes, random_features
from remora.spec.bmru.counters import BmruCounter
from tests.top.bmru.test_bmru import DESIGNS

DESIGN = DESIGNS["one"]
FRAMES, ASLEEP = 24, 60


def test_what_is_behind_the_gate_toggles_while_the_core_is_awake(tmp_path):
    period = ASLEEP * DESIGN.cycles.awake
    packets = clip_packets(random_features(DESIGN, 4, FRAMES // 4, 7))
    stimulus = BmruStimulus(tuple(packets), random_codes(DESIGN, 3), VoteSettings.of(DESIGN), period)
    run = simulate_case(
        bmru_parts(DESIGN, stimulus.codes), bmru_harness, BmruCase(DESIGN, stimulus), count=FRAMES, unit="frames",
        seed=1, toggles=tmp_path / "a.saif", optimise="build",
    )  # fmt: skip
    run.require()
    report, frames = run.toggles, run.counters[BmruCounter.FRAMES]
    assert frames == FRAMES and report["cycles"] > (FRAMES - 1) * period
    # The host reads the counters before and after what is recorded.
    assert 0 < run.counters[BmruCounter.CYCLES] - report["cycles"] < 1000
    design = read_saif(tmp_path / "a.saif").root.find(DESIGN_PATH)
    ticks = design.nets["clk"].toggles // 2
    # What the host reads at the end wakes the core too.
    assert DESIGN.cycles.awake * FRAMES <= ticks < report["cycles"] / 8
    gates, macro = (report["macro_inputs"][f"remora_{name}"] for name in ("clock_gate", "bmru_core"))
    assert gates["toggles"] >= 2 * (FRAMES - 1) and macro["toggles"] > FRAMES
