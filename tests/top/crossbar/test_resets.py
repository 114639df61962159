"""Resets at any cycle: back to idle, devices and coefficients as documented, later sequences exact."""

from __future__ import annotations

import json
from dataclasses import astuple
from pathlib import Path

import numpy as np

from remora.flow.systems.crossbar.generate import write_images
from remora.flow.systems.crossbar.run import timeout_cycles
from remora.flow.systems.crossbar.stimulus import Stimulus, stress_stimulus
from remora.flow.tools.simulator import run
from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.miru import Inference, infer, trace_records
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.records import EVENT, READOUT, STEP, Event
from remora.spec.lib.trace import read_trace, write_header
from remora.tb.lib.coverage import cover
from remora.tb.lib.resets import PIN, SOFT
from remora.tb.lib.scoreboard import Comparison, compare

DESIGN = DesignPoint(
    name="resets",
    network={"features": 3, "hidden": 5, "classes": 3, "max_steps": 4},
    cell={"lanes": 2},
    crossbar={"rows": 4, "columns": 3, "adc_cycles": 3, "pulse_cycles": 60, "gain": True},
)
"""Several tiles and folds; pulses so long that a reset finds most of them under way."""
SEQUENCES, PHASES, ATTEMPTS = 6, 40, 24
RESETS = {PIN: "pin", SOFT: "soft"}


def test_resets_of_sequences_in_flight(harness, tmp_path):
    _, build = harness(DESIGN)
    stimulus = stress_stimulus(DESIGN, SEQUENCES, Coefficients(256, 216, 6000, 3000), seed=9)
    write_images(DESIGN, stimulus.weights, tmp_path / "images")
    write_header(tmp_path, DESIGN)
    config = {
        "design": DESIGN.model_dump(mode="json"),
        "features": stimulus.features.tolist(),
        "lengths": stimulus.lengths.tolist(),
        "coefficients": list(astuple(stimulus.coefficients)),
        "phases": PHASES,
        "longest_wait": 400,
        "busy_cycles": int(stimulus.lengths.sum()) * DESIGN.cycles.step,
        "longest_sequence": 400,
        "timeout_cycles": timeout_cycles(DESIGN, stimulus, 0.3),
        "output": str(tmp_path / "phases.json"),
    }
    arguments = [f"+remora_trace={tmp_path}", f"+remora_images={tmp_path / 'images'}"]
    run(
        build,
        "remora.tb.crossbar.top_resets",
        testcase="in_flight",
        config=config,
        plusargs=arguments,
        run_dir=tmp_path,
    )
    compare_phases(stimulus, tmp_path).require(STEP, READOUT, EVENT, "answer")


def compare_phases(stimulus: Stimulus, directory: Path) -> Comparison:
    """Between two resets the trace is a prefix of golden's, after the last it is all of it."""
    outcome = json.loads((directory / "phases.json").read_text(encoding="utf-8"))
    actual = read_trace(directory, DESIGN)
    inference = infer(DESIGN, stimulus.weights, stimulus.features, stimulus.lengths, stimulus.coefficients, record=True)
    events = np.zeros(PHASES - 1, actual[EVENT].dtype)
    events["kind"], events["cause"] = Event.RESET, outcome["resets"]
    comparison = compare({EVENT: events}, {EVENT: actual[EVENT]})
    bounds = [0, *actual[EVENT]["cycle"].tolist(), 1 << 62]
    started, cut, without = 0, 0, 0  # without: phases in a row in which no step was done
    for number, phase in enumerate(outcome["phases"]):
        found = {kind: _between(actual[kind], *bounds[number : number + 2]) for kind in (STEP, READOUT)}
        first = int(found[STEP]["sequence"][0]) if len(found[STEP]) else started
        assert started <= first <= started + 1 + without, "more than one sequence of a phase started without a step"
        without = 0 if len(found[STEP]) else without + 1
        expected = _golden(inference, phase["order"], first)
        answers = np.array([tuple(answer) for answer in phase["answers"]], _answer_type())
        found["answer"] = answers
        expected["answer"] = _golden_answers(inference, phase["order"])
        if number < PHASES - 1:
            assert len(answers) <= len(found[READOUT])
            cut += len(found[STEP]) < len(expected[STEP])
            cover("resets", kind=RESETS[outcome["resets"][number]], phase=_phase(found, expected, stimulus.lengths))
            expected = {kind: records[: len(found[kind])] for kind, records in expected.items()}
        comparison.merge(compare(expected, found))
        started = first + (int(found[STEP]["sequence"][-1]) - first + 1 if len(found[STEP]) else 0)
    assert cut >= PHASES // 2, "too few resets hit a sequence in flight"
    return comparison


def _phase(found: dict[str, np.ndarray], expected: dict[str, np.ndarray], lengths: np.ndarray) -> str:
    """Where the reset of a phase found the sequences."""
    if not len(found[STEP]):
        return "start"
    if len(found[STEP]) == len(expected[STEP]) and len(found[READOUT]) == len(expected[READOUT]):
        return "idle"
    last = int(found[STEP]["sequence"][-1])
    whole = (found[STEP]["sequence"] == last).sum() == (expected[STEP]["sequence"] == last).sum()
    if not whole:
        return "steps"
    return "readout" if last not in found[READOUT]["sequence"] else "answer"


def _between(records: np.ndarray, begin: int, end: int) -> np.ndarray:
    return records[(records["cycle"] >= begin) & (records["cycle"] < end)]


def _golden(inference: Inference, order: list[int], first_sequence: int) -> dict[str, np.ndarray]:
    """Trace of the sequences in this order."""
    records = trace_records(DESIGN, inference, np.arange(SEQUENCES))
    ordered = {STEP: [], READOUT: []}
    for position, index in enumerate(order):
        for kind, parts in ordered.items():
            part = records[kind][records[kind]["sequence"] == index]
            part["sequence"] = first_sequence + position
            parts.append(part)
    return {kind: np.concatenate(parts) for kind, parts in ordered.items()}


def _answer_type() -> list:
    names = ("tag", "decision", "last")
    return [*((name, "<i8") for name in names), *((f"score_{k}", "<i8") for k in range(DESIGN.network.classes))]


def _golden_answers(inference: Inference, order: list[int]) -> np.ndarray:
    rows = [(index, int(inference.decision[index]), 1, *map(int, inference.scores[index])) for index in order]
    return np.array(rows, _answer_type())


def test_resets_while_programming(harness):
    _, build = harness(DESIGN)
    pulses = 2 * DESIGN.crossbar.weight_limit * (DESIGN.crossbar.pulse_cycles + 1)
    config = {"design": DESIGN.model_dump(mode="json"), "attempts": ATTEMPTS, "longest_commit": pulses}
    result = run(build, "remora.tb.crossbar.top_resets", testcase="while_programming", config=config)
    assert len(result.tests) == 1
