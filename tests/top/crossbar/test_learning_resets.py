"""The reset pin at any cycle of learning: χ forgotten, devices left within the column being written, then exact again.
Soft resets, which lose nothing, are in test_soft_resets.py."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from remora.flow.systems.crossbar.generate import write_images
from remora.flow.systems.crossbar.run import timeout_cycles
from remora.flow.systems.crossbar.stimulus import Stimulus, stress_stimulus
from remora.flow.tools.simulator import run
from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.weights import Weights
from remora.golden.learning.trace import LearningReference
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer
from remora.spec.crossbar.records import EVENT, LEARN, READOUT, STEP, Event
from remora.spec.lib.trace import read_trace, write_header
from remora.tb.lib.scoreboard import Comparison, compare

DESIGN = DesignPoint(
    name="learning_resets",
    network={"features": 3, "hidden": 5, "classes": 3, "max_steps": 4},
    cell={"lanes": 3},
    crossbar={"rows": 4, "columns": 3, "adc_cycles": 3, "pulse_cycles": 40},
    learning={"enabled": True, "hidden_shift": 4, "readout_shift": 3},
)
"""Rates so high, and pulses so long, that most resets find one under way."""
SEQUENCES, PHASES, NEEDED = 4, 24, {"cut": 3}
"""At least as many phases, and as many more as it takes to cut so many updates within what they write."""
GATES = Coefficients(256, 216)


@pytest.mark.parametrize("columns", [pytest.param(1, marks=pytest.mark.nightly), 3])
def test_resets_while_learning(columns, harness, tmp_path):
    learn_through_pin_resets(DESIGN.evolve(learning={"columns": columns}), harness, tmp_path)


def learn_through_pin_resets(design: DesignPoint, harness: Callable, tmp_path: Path) -> Comparison:
    """Phases of the sequences, each cut by the pin but the last, compared with golden."""
    _, build = harness(design)
    stimulus = stress_stimulus(design, SEQUENCES, GATES, seed=9)
    labels = np.arange(SEQUENCES) % design.network.classes
    write_images(design, stimulus.weights, tmp_path / "images")
    write_header(tmp_path, design)
    config = {
        "design": design.model_dump(mode="json"),
        "features": stimulus.features.tolist(),
        "lengths": stimulus.lengths.tolist(),
        "labels": labels.tolist(),
        "coefficients": [GATES.reset, GATES.update],
        "phases": PHASES,
        "needed": NEEDED,
        "longest_wait": 4000,
        "column_cycles": design.crossbar.pulse_cycles + read_cycles(design),
        "timeout_cycles": timeout_cycles(design, stimulus, 0.0),
        "output": str(tmp_path / "phases.json"),
    }
    arguments = [f"+remora_trace={tmp_path}", f"+remora_images={tmp_path / 'images'}"]
    run(build, "remora.tb.crossbar.top_learning", config=config, plusargs=arguments, run_dir=tmp_path)
    comparison = compare_phases(design, stimulus, labels, tmp_path)
    comparison.require(STEP, READOUT, LEARN, EVENT)
    return comparison


def read_cycles(design: DesignPoint) -> int:
    """What reading a whole tile before its pulses and after them takes, where they are verified."""
    if not design.capabilities.verifies_learning:
        return 0
    return 2 * design.cycles.rows_read(Layer.HIDDEN, design.crossbar.rows)


def compare_phases(design: DesignPoint, stimulus: Stimulus, labels: np.ndarray, directory: Path) -> Comparison:
    """From the weights that a phase started with, the trace up to its reset is a prefix of golden's, and the weights
    lie within the update that was cut."""
    outcome = json.loads((directory / "phases.json").read_text(encoding="utf-8"))
    weights = [
        Weights(*(np.array(each[layer], np.int16) for layer in ("hidden", "readout"))) for each in outcome["weights"]
    ]
    np.testing.assert_array_equal(weights[0].hidden, stimulus.weights.hidden)
    actual = read_trace(directory, design)
    events = np.zeros(len(outcome["resets"]), actual[EVENT].dtype)
    events["kind"], events["cause"] = Event.RESET, outcome["resets"]
    comparison = compare({EVENT: events}, {EVENT: actual[EVENT]})
    cut, last = 0, len(outcome["resets"])
    cycles = actual[EVENT]["cycle"].tolist()
    for number, (begin, end) in enumerate(pairwise((0, *cycles, 1 << 62))):
        found = {
            kind: records[(records["cycle"] >= begin) & (records["cycle"] < end)]
            for kind, records in actual.items()
            if kind != EVENT
        }
        first = int(found[STEP]["sequence"][0]) if len(found[STEP]) else 0
        expected, snapshots = golden(design, stimulus, labels, weights[number])
        for records in expected.values():
            records["sequence"] += first
        done = len(found[LEARN])
        if number == last:
            assert done == SEQUENCES
        expected = {
            kind: records[: len(found[kind])] if number < last else records for kind, records in expected.items()
        }
        comparison.merge(compare(expected, found))
        cut += require_between(snapshots[done], snapshots[min(done + 1, SEQUENCES)], weights[number + 1])
    assert cut >= NEEDED["cut"], "too few resets hit an update"
    assert number == last >= PHASES - 1
    return comparison


def golden(
    design: DesignPoint, stimulus: Stimulus, labels: np.ndarray, start: Weights
) -> tuple[dict[str, np.ndarray], list[Weights]]:
    """Records of all sequences from these weights and χ = 0, and the weights before, between and after them."""
    reference = LearningReference(design, start, GATES)
    parts, snapshots = [], [start]
    for index in range(SEQUENCES):
        one = slice(index, index + 1)
        learn, tags = np.ones(1, bool), np.array([index])
        parts.append(reference.advance(stimulus.features[one], stimulus.lengths[one], labels[one], learn, tags).records)
        snapshots.append(reference.trainer.weights)
    return {kind: np.concatenate([part[kind] for part in parts]) for kind in (STEP, READOUT, LEARN)}, snapshots


def require_between(before: Weights, after: Weights, found: Weights) -> bool:
    """Columns are updated up to one, which may be so in part, and untouched from there; whether an update was cut."""

    def columns(w: Weights) -> list[np.ndarray]:
        return [*w.hidden.T, *w.readout.T]

    now, old, new = columns(found), columns(before), columns(after)
    at = next((index for index in range(len(now)) if not np.array_equal(now[index], new[index])), len(now))
    for index in range(at + 1, len(now)):
        np.testing.assert_array_equal(now[index], old[index])
    if at == len(now):
        return False
    low, high = np.minimum(old[at], new[at]), np.maximum(old[at], new[at])
    assert ((low <= now[at]) & (now[at] <= high)).all()
    return any(not np.array_equal(a, b) for a, b in zip(now, old, strict=True))
