"""The third reading of the BMRU accelerator against golden, over random design points: no hardware is needed."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from remora.flow.systems.bmru.reference import run_reference
from remora.flow.systems.bmru.soak.random_designs import any_core
from remora.flow.systems.bmru.soak.third import COUNTED, third_reading
from remora.flow.systems.bmru.stimulus import BmruStimulus, stress_stimulus
from remora.flow.verify.records import ANSWER, answer_records, by_name
from remora.spec.bmru.design import BmruDesign
from remora.spec.bmru.records import FRAME
from remora.tb.lib.scoreboard import Comparison, compare

CLIPS = 3


def drawn(seed: int) -> tuple[BmruDesign, BmruStimulus]:
    """A design point and its clips."""
    random = np.random.default_rng(seed)
    design = any_core(random)
    return design, stress_stimulus(design, CLIPS, seed, report_frames=bool(random.integers(2)))


def compared(design: BmruDesign, stimulus: BmruStimulus, seen: Counter) -> Comparison:
    """Golden and the third reading; ``seen`` takes the counters."""
    golden = run_reference(design, stimulus.codes, stimulus.packets, stimulus.settings)
    third, counters = third_reading(design, stimulus), by_name(golden.counters)
    seen.update(third.counters)
    assert third.counters == {name: counters[name] for name in COUNTED}
    return compare(
        third.records, {FRAME: golden.records, ANSWER: answer_records(design.network.classes, golden.answers)}
    )


@pytest.mark.parametrize(
    ("first", "count"), [(0, 8), pytest.param(1000, 300, marks=pytest.mark.nightly)], ids=["day", "night"]
)
def test_the_third_reading_agrees_with_golden(first, count):
    seen, kinds = Counter(), Counter()
    for seed in range(first, first + count):
        comparison = compared(*drawn(seed), seen)
        comparison.require(FRAME)
        kinds.update(comparison.compared)
    assert kinds[FRAME] > 30 and kinds[ANSWER] > 20, kinds
    for name in ("frames", "clips", "clips_cut", "dropped_framing", "dropped_short", "dropped_long", "dropped_outside"):
        assert seen[name] > 0, seen


def test_a_wrong_reading_is_seen():
    design, stimulus = drawn(0)
    golden = run_reference(design, stimulus.codes, stimulus.packets, stimulus.settings)
    other = design.evolve(cell={"leakage_pa": design.cell.leakage_pa ^ 1})
    assert compare(third_reading(other, stimulus).records, {FRAME: golden.records}).mismatches[FRAME]
