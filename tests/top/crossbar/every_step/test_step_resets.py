"""Resets at any cycle where every step is read out: an answer that a soft reset cuts has whole parts, those of its
first steps, and later sequences are exact."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from remora.flow.systems.crossbar.generate import write_images
from remora.flow.systems.crossbar.run import timeout_cycles
from remora.flow.systems.crossbar.stimulus import stress_stimulus
from remora.flow.tools.simulator import run
from remora.golden.crossbar.inference import infer
from remora.golden.crossbar.miru import Inference, trace_records
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.records import EVENT, READOUT, STEP
from remora.spec.lib.trace import UNCOMPARED, field_names, read_trace, write_header
from tests.top.crossbar.every_step.test_every_step import POINTS
from tests.top.crossbar.test_contexts import GATES

LENGTHS = (9, 1, 28, 2, 5, 17)
PHASES = 30


@pytest.mark.parametrize("name", ["long", "three", "bistable"])
def test_resets_of_sequences_in_flight(name, harness, tmp_path):
    design = POINTS[name]
    _, build = harness(design)
    stimulus = replace(stress_stimulus(design, len(LENGTHS), GATES, seed=9), lengths=np.array(LENGTHS))
    write_images(design, stimulus.weights, tmp_path / "images")
    write_header(tmp_path, design)
    longest = design.cycles.sequence(max(LENGTHS)) + design.network.max_steps * design.network.features
    config = {
        "design": design.model_dump(mode="json"),
        "features": stimulus.features.tolist(),
        "lengths": list(LENGTHS),
        "coefficients": [GATES.reset, GATES.update],
        "phases": PHASES,
        "longest_wait": 2 * longest,
        "busy_cycles": sum(LENGTHS) * design.cycles.step,
        "longest_sequence": longest,
        "timeout_cycles": timeout_cycles(design, stimulus, 0.3),
        "output": str(tmp_path / "phases.json"),
    }
    arguments = [f"+remora_trace={tmp_path}", f"+remora_images={tmp_path / 'images'}"]
    run(
        build, "remora.tb.crossbar.top_resets", testcase="in_flight", config=config, plusargs=arguments,
        run_dir=tmp_path,
    )  # fmt: skip
    golden = infer(design, stimulus.weights, stimulus.features, stimulus.lengths, GATES, record=True)
    outcome = json.loads((tmp_path / "phases.json").read_text(encoding="utf-8"))
    trace = read_trace(tmp_path, design)
    assert len(trace[EVENT]) == PHASES - 1 == len(outcome["resets"])
    read = _compare_readouts(golden, design, trace)
    taken = [_parts(golden, phase["answers"]) for phase in outcome["phases"]]
    for phase, answers in zip(outcome["phases"], taken, strict=True):
        # Whole, and in the order of the stream.
        assert [tag for tag, _ in answers] == phase["order"][: len(answers)]
        assert all(steps == LENGTHS[tag] for tag, steps in answers)
    assert len(taken[-1]) == len(outcome["phases"][-1]["order"])
    cut = [answer for reset in outcome["cut"] for packet in reset for answer in _parts(golden, packet)]
    assert all(1 <= steps <= LENGTHS[tag] for tag, steps in cut)
    assert sum(steps < LENGTHS[tag] for tag, steps in cut) >= 3, "too few answers were cut"
    if design.system.contexts == 1:
        # Whatever was read out until then, but for what is handed over in the cycle of the reset.
        ends = [(int(one["tag"]), int(one["step"]) + 1) for one in trace[READOUT][read]]
        for tag, steps in cut:
            assert (tag, steps) in ends or (tag, steps - 1) in ends or steps == 1


def _compare_readouts(golden: Inference, design: DesignPoint, trace: dict[str, NDArray]) -> NDArray[np.intp]:
    """Each readout is golden's of that step of the sequence that its tag tells, and those of a sequence are its first
    ones; returns where the last one of each sequence is."""
    readouts, steps = trace[READOUT], trace[STEP]
    expected = trace_records(design, golden, np.arange(len(LENGTHS)))[READOUT]
    position = {(int(one["tag"]), int(one["step"])): index for index, one in enumerate(expected)}
    wanted = expected[[position[int(one["tag"]), int(one["step"])] for one in readouts]]
    for field in field_names(readouts.dtype):
        if field not in (*UNCOMPARED, "sequence"):
            np.testing.assert_array_equal(readouts[field], wanted[field], field)
    last = []
    for sequence in np.unique(readouts["sequence"]):
        own = np.flatnonzero(readouts["sequence"] == sequence)
        np.testing.assert_array_equal(readouts["step"][own], np.arange(len(own)))
        assert len(own) <= (steps["sequence"] == sequence).sum()
        last.append(own[-1])
    assert len(last) > PHASES
    return np.array(last)


def _parts(golden: Inference, rows: list[list]) -> list[tuple[int, int]]:
    """Compare parts with golden's; returns tag and number of parts of each answer."""
    found, step = [], 0
    for tag, decision, last, *scores in rows:
        assert golden.step_scores is not None
        np.testing.assert_array_equal(scores, golden.step_scores[tag, step])
        assert decision == int(np.argmax(scores))
        step += 1
        if last:
            found.append((tag, step))
            step = 0
    assert step == 0
    return found
