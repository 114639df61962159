"""The third reading of the crossbar accelerator against golden, over random design points: no hardware is needed."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from remora.flow.systems.crossbar.reading.point import Point
from remora.flow.systems.crossbar.reference import Reference
from remora.flow.systems.crossbar.soak.draws import draw_design
from remora.flow.systems.crossbar.soak.soaker import CrossbarSoaker, make_stimulus
from remora.flow.systems.crossbar.soak.third import reads, third_reading
from remora.flow.systems.crossbar.stimulus import Stimulus
from remora.flow.verify.records import ANSWER, answer_records
from remora.golden.learning.learnt_state import state_records
from remora.spec.crossbar.design import DesignPoint
from remora.spec.devices.section import Devices
from remora.spec.lib.packets import Flag
from remora.tb.lib.scoreboard import Comparison, compare

SEQUENCES = 24
ATTEMPTS = 100
TRAFFIC = {"sequences": SEQUENCES, "last": SEQUENCES, "bad": 0.0, "stall": 0.0, "commands": True, "readbacks": 0}


def drawn(seed: int) -> tuple[DesignPoint, Stimulus]:
    """A design point with ideal devices, and its traffic."""
    random = np.random.default_rng(seed)
    design = draw_design(random).model_copy(update={"devices": Devices()})
    return design, make_stimulus(design, {"seed": seed, **TRAFFIC})


def drawn_with_devices(seed: int) -> tuple[DesignPoint, Stimulus]:
    """A design point with real devices, and its traffic."""
    for attempt in range(ATTEMPTS):
        random = np.random.default_rng([seed, attempt])
        design = draw_design(random)
        aged = int(random.integers(2)) * int(2 ** random.uniform(4, 40))
        traffic = TRAFFIC | {"seed": seed, "age": aged, "sequences": SEQUENCES // 2, "last": SEQUENCES // 2}
        if not design.devices.ideal and reads(design, stimulus := make_stimulus(design, traffic)):
            return design, stimulus
    raise AssertionError("no design point has devices that can be read")


def compared(design: DesignPoint, stimulus: Stimulus, third_design: DesignPoint | None = None) -> Comparison:
    """Golden and the third reading, which may read another design point by mistake."""
    end, reference = len(stimulus), Reference(design, stimulus, trace=True)
    golden = reference.advance(0, end)
    parts = [
        part
        for index in np.flatnonzero(stimulus.answered).tolist()
        for part in golden.answer(
            index, int(stimulus.tags[index]), Flag(int(stimulus.flags[index])), int(stimulus.lengths[index])
        )
    ]
    third = third_reading(third_design or design, stimulus, [end])
    comparison = compare(third.records, {**golden.records, ANSWER: answer_records(design.network.classes, parts)})
    if design.capabilities.learns:
        comparison.merge(compare(third.states[end], state_records(design, reference.checkpoint)))
    counters = {counter.name.lower(): value for counter, value in reference.counters.items()}
    common = third.counters.keys() & counters.keys()
    assert len(common) >= 4
    assert {name: third.counters[name] for name in common} == {name: counters[name] for name in common}
    return comparison


@pytest.mark.parametrize(
    ("first", "count"), [(0, 60), pytest.param(1000, 1500, marks=pytest.mark.nightly)], ids=["day", "night"]
)
def test_the_third_reading_agrees_with_golden(first, count):
    seen, kinds = Counter(), Counter()
    for seed in range(first, first + count):
        design, stimulus = drawn(seed)
        comparison = compared(design, stimulus)
        comparison.require()
        kinds.update(comparison.compared)
        has = design.capabilities
        seen.update(name for name, present in has.model_dump().items() if present)
    print(seen, kinds)
    for capability in (
        "learns", "bistable", "accumulates", "selects", "replays", "heals", "verifies_learning", "gains", "spares",
        "calibrates", "digital_bias", "reads_every_step",
    ):  # fmt: skip
        assert seen[capability] > 1, seen
    for kind in ("step", "readout", "learn", "insert", "answer", "hidden weights", "readout accumulators", "reservoir"):
        assert kinds[kind] > 20, kinds


@pytest.mark.parametrize(
    ("first", "count"), [(0, 8), pytest.param(1000, 300, marks=pytest.mark.nightly)], ids=["day", "night"]
)
def test_the_third_reading_agrees_with_golden_on_real_devices(first, count):
    seen, kinds = Counter(), Counter()
    for seed in range(first, first + count):
        design, stimulus = drawn_with_devices(seed)
        comparison = compared(design, stimulus)
        comparison.require()
        kinds.update(comparison.compared)
        model = design.device_model()
        seen.update(
            learns=design.capabilities.learns, verifies=design.capabilities.verifies_learning, aged=stimulus.age > 0,
            noisy=model.reads_noisily, wired=model.wired, drifts=model.drifts, reference=model.pair == "reference",
        )  # fmt: skip
    print(seen, kinds)
    for name in ("learns", "aged", "noisy", "wired", "drifts", "reference", *(["verifies"] if count > 100 else [])):
        assert seen[name] > 1, seen
    for kind in ("step", "readout", "learn", "answer"):
        assert kinds[kind] > 20, kinds


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [("learning", "seed", 7), ("learning", "readout_shift", 3), ("formats", "adc_range_log2", 1)],
)
def test_a_wrong_reading_is_seen(section, name, value):
    for seed in range(40):
        design, stimulus = drawn(seed)
        values = getattr(design, section)
        if getattr(values, name) == value or not design.capabilities.learns:
            continue
        other = design.model_copy(update={section: values.model_copy(update={name: value})})
        try:
            if compared(design, stimulus, other).total_mismatches:
                return
        except AssertionError:
            return  # of the counters
    pytest.fail("no design point shows the difference")


def test_what_the_reference_derives_from_the_fields():
    fields = DesignPoint(name="default").model_dump(mode="json")
    point = Point.of(fields)
    assert (point.words, point.state, point.code, point.weight, point.step_bits) == (255, 32767, 127, 31, 5)
    assert point.shift == 7 and point.fine_bits == 2
    assert [point.candidates()[k] for k in (0, 1, 32, 127)] == [0, 1024, 24956, 32745]
    assert [point.derivatives()[k] for k in (0, 1, 32, 127)] == [255, 255, 108, 0]
    assert CrossbarSoaker().load(fields) == DesignPoint(name="default")
