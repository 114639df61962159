"""What is sampled of a run: golden's own records stand in for the hardware's, so that nothing is built."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest

from remora.flow.systems.bmru.run import BmruCase
from remora.flow.systems.bmru.stimulus import stress_stimulus as bmru_stimulus
from remora.flow.systems.crossbar.run import CrossbarCase
from remora.flow.systems.crossbar.stimulus import learning_stimulus, stress_stimulus, with_bad_packets
from remora.flow.verify.run import Found
from remora.golden.crossbar.cell import Coefficients
from remora.spec.bmru.records import FRAME
from tests.coverage import bmru_runs, crossbar_runs
from tests.coverage.plan import load_plan
from tests.coverage.runs import sample_run
from tests.golden.bmru.cases import make_bmru
from tests.top.crossbar.test_learning import learner

GATES = Coefficients(176, 256)
REPLAYER = learner("tiny", hidden_shift=4, readout_shift=3, replay_capacity=3)


@pytest.fixture
def seen(monkeypatch):
    """Values that were sampled, by covergroup and point, as the plan must have them."""
    found: dict[tuple[str, str], set] = defaultdict(set)
    plan = load_plan()

    def cover(group: str, **values) -> None:
        for point, value in values.items():
            assert not plan[group].points[point].cross
            found[group, point].add(value)

    for module in (crossbar_runs, bmru_runs):
        monkeypatch.setattr(module, "cover", cover)
    return found


def sampled(case, records, counters, *, stalled=False) -> None:
    sample_run(case, Found(records, counters, [], {}, stalled, Path()))


def learnt(design, stimulus, **options) -> None:
    case = CrossbarCase(design, stimulus, images=Path("images"))
    records = case.reference.advance(0, len(stimulus)).records
    sampled(case, records, case.reference.counters, **options)


def test_a_run_that_learns(seen):
    stimulus = with_bad_packets(REPLAYER, learning_stimulus(REPLAYER, 20, GATES, 3), 3)
    learnt(REPLAYER, stimulus)
    assert seen["packets", "asked"] == {"infer", "learn", "both"} and seen["packets", "stall"] == {False}
    assert len(seen["packets", "cause"]) == 5 and seen["inference", "update_gate"] == {"open"}
    assert seen["learning", "rule"] == {"accumulate"} and seen["learning", "pulses"] >= {"applied"}
    assert seen["replay", "insertion"] >= {"fills", "replaces"} and seen["replay", "ratio"] == {1}
    assert seen["tiles", "start"] == {"images"} and not seen["bistable", "cell"] and not seen["devices", "effect"]


def test_what_is_not_in_the_traffic_is_not_sampled(seen):
    stimulus = stress_stimulus(REPLAYER, 8, GATES, 3)
    learnt(REPLAYER, replace(stimulus, lengths=stimulus.lengths.clip(2, 2)), stalled=True)
    assert seen["packets", "asked"] == {"infer"} and seen["packets", "stall"] == {True}
    assert not seen["packets", "cause"] and not seen["learning", "rule"] and not seen["replay", "insertion"]
    assert seen["inference", "length"] == {"between"} and seen["packets", "learner"] == {True}


def test_frames(seen):
    design = make_bmru(5, 3, 1, 3, vote={"frames": 9})
    case = BmruCase(design, bmru_stimulus(design, 12, 4, threshold=2))
    sampled(case, {FRAME: case.reference.records}, defaultdict(int, case.reference.counters))
    assert len(seen["bmru_frames", "cause"]) >= 3 and seen["bmru_core", "cell"] == {"set", "reset", "held", "stays"}
    assert seen["bmru_votes", "clip"] >= {"done"} and seen["bmru_frames", "pace"] == {"none"}


def test_a_run_of_another_package_is_not_sampled(seen):
    sampled(object(), {}, {})
    assert not seen
