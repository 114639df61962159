"""The whole BMRU design against golden: every frame, answer, counter and event, whatever comes over the stream."""

from __future__ import annotations

import numpy as np
import pytest

from remora.flow.systems.bmru.reference import run_reference
from remora.flow.systems.bmru.run import KINDS, PACE, BmruCase
from remora.flow.systems.bmru.stimulus import BmruStimulus, stress_stimulus
from remora.flow.tools.simulator import run
from remora.flow.verify.run import run_case
from remora.golden.bmru.clips import VoteSettings
from remora.golden.bmru.codes import BmruCodes
from remora.golden.bmru.random_codes import clip_packets, random_codes, random_features
from remora.spec.bmru.counters import BmruCounter
from remora.spec.bmru.records import FRAME
from remora.tb.lib.scoreboard import compare
from tests.golden.bmru.cases import ALL_ERRORS, make_bmru

CLIPS = 20
DESIGNS = {
    "one": make_bmru(1, 1, 1, 1, vote={"frames": 6, "wake_class": 0}, settling={"phase_cycles": 1}),
    "odd": make_bmru(5, 3, 1, 3, vote={"frames": 9}, nonidealities=ALL_ERRORS, settling={"phase_cycles": 4}),
    "spotter": make_bmru(13, 4, vote={"frames": 12}, nonidealities=ALL_ERRORS),
}


def check(harness, tmp_path, design, stimulus: BmruStimulus, *kinds: str, **options):
    """A run in which everything must agree; returns it."""
    _, build = harness(design)
    result = run_case(build, BmruCase(design, stimulus), tmp_path, **options)
    result.comparison.require(*KINDS, *kinds)
    assert result.comparison.compared[FRAME] == result.counters[BmruCounter.FRAMES] > 0
    return result


@pytest.mark.parametrize("stall", [0.0, 0.5])
@pytest.mark.parametrize("name", DESIGNS)
def test_frames_clips_and_all_that_can_be_wrong(name, stall, harness, tmp_path):
    design, seed = DESIGNS[name], 11 + list(DESIGNS).index(name)
    stimulus = stress_stimulus(design, CLIPS, seed, threshold=2, report_frames=stall > 0)
    counters = check(harness, tmp_path, design, stimulus, stall=stall, seed=seed).counters
    happened = ("CLIPS", "FEATURES_SATURATED", "DROPPED_FRAMING", "DROPPED_SHORT")
    assert all(counters[BmruCounter[counter]] for counter in happened)
    if name != "one":
        rare = ("CLIPS_CUT", "WAKE_UPS", "DROPPED_LONG", "DROPPED_OUTSIDE")
        assert all(counters[BmruCounter[counter]] for counter in rare)


@pytest.mark.parametrize("name", DESIGNS)
def test_a_vote_that_slides_at_the_pace_of_frames(name, harness, tmp_path):
    """Every frame starts on its tick; clips longer than the window."""
    design = DESIGNS[name]
    clips = [random_features(design, 1, frames, frames)[0] for frames in (1, 4, 30, 9)]
    settings = VoteSettings.of(design, sliding=True, frames=5, threshold=3, report_frames=True)
    period = 150 + design.cycles.awake
    stimulus = BmruStimulus(tuple(clip_packets(clips)), random_codes(design, 3), settings, period)
    counters = check(harness, tmp_path, design, stimulus, PACE).counters
    assert counters[BmruCounter.CLIPS] == 4 and counters[BmruCounter.FRAMES] == 44


@pytest.mark.parametrize(("period", "report_frames"), [(1, False), (9, True), (16, False), (17, True), (24, True)])
def test_the_pace_of_short_periods(period, report_frames, harness, tmp_path):
    """Ticks closer than a frame takes, than its packet takes, than its answers take: every start is where it must be,
    after packets that are dropped too."""
    design = DESIGNS["odd"]
    stimulus = stress_stimulus(design, 8, 3 + period, report_frames=report_frames, period=period)
    check(harness, tmp_path, design, stimulus, PACE, seed=period)


def test_back_to_back_a_frame_takes_little_more_than_it_is_awake(harness, tmp_path):
    design = DESIGNS["spotter"]
    packets = clip_packets(random_features(design, 10, 12, 4))
    stimulus = BmruStimulus(tuple(packets), random_codes(design, 4), VoteSettings.of(design))
    result = check(harness, tmp_path, design, stimulus)
    assert result.report["awake"]["most"] == design.cycles.awake <= design.system.awake_cycles
    cycles = np.diff(np.fromfile(tmp_path / "frame.bin", result.case.reference.records.dtype)["cycle"].astype(np.int64))
    assert np.median(cycles) == design.cycles.shortest_frame >= cycles.max() - 1


def test_nothing_is_lost_while_answers_wait(harness, tmp_path):
    """Reports of every frame against a receiver that hardly ever takes one: frames are held, and counted."""
    design = DESIGNS["odd"]
    packets = clip_packets(random_features(design, 8, 9, 5))
    settings = VoteSettings.of(design, report_frames=True)
    stimulus = BmruStimulus(tuple(packets), random_codes(design, 5), settings)
    result = check(harness, tmp_path, design, stimulus, stall=0.9)
    assert result.counters[BmruCounter.FRAMES_HELD] > 10 and len(result.answers) == 8 * 9 + 8


def test_another_networks_codes_make_another_run(harness, tmp_path):
    """The comparison can fail: golden with one code changed does not agree."""
    design = DESIGNS["odd"]
    packets = clip_packets(random_features(design, 2, 5, 6))
    codes = random_codes(design, 6)
    arrays = dict(codes.arrays)
    arrays["input.bias"] = arrays["input.bias"] ^ 1
    stimulus = BmruStimulus(tuple(packets), codes, VoteSettings.of(design))
    _, build = harness(design)
    result = run_case(build, BmruCase(design, stimulus), tmp_path)
    other = run_reference(design, BmruCodes(design, arrays), packets, stimulus.settings)
    found = {FRAME: np.fromfile(tmp_path / "frame.bin", other.records.dtype)}
    assert compare({FRAME: result.case.reference.records}, found).passed
    assert compare({FRAME: other.records}, found).first.index == 0


@pytest.mark.parametrize(("module", "tests"), [("remora.tb.bmru.top_bmru", 6), ("remora.tb.bmru.top_clips", 3)])
@pytest.mark.parametrize("name", ["one", "odd"])
def test_as_software_sees_it(name, module, tests, harness, tmp_path):
    _, build = harness(DESIGNS[name])
    config = {"design": DESIGNS[name].model_dump(mode="json")}
    assert len(run(build, module, config=config, run_dir=tmp_path).tests) == tests
