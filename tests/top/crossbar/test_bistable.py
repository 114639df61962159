"""The whole accelerator with bistable cells against golden at every step, its thresholds, and resets at any cycle."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from remora.flow.systems.crossbar.generate import write_images
from remora.flow.systems.crossbar.run import KINDS, CrossbarCase, timeout_cycles
from remora.flow.systems.crossbar.stimulus import stress_stimulus, with_bad_packets
from remora.flow.tools.simulator import run
from remora.flow.verify.run import run_case
from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.inference import infer
from remora.golden.crossbar.miru import trace_records
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.records import EVENT, READOUT, STEP, Event
from remora.spec.lib.trace import read_trace, write_header
from remora.tb.lib.scoreboard import Comparison, compare
from tests.hdl.designs import BISTABLE

SEQUENCES = 16
PHASES = 30
BUILT = ("bistable_one", "bistable_primes", "bistable_exact", "bistable_tall")
AT_NIGHT = tuple((way, name) for way in ("images", "window") for name in ("bistable_exact", "bistable_tall"))
GATES = Coefficients(0, 0)
"""Which these designs do not have."""


@pytest.mark.parametrize(
    ("name", "stall", "images"),
    [
        pytest.param(
            name,
            0.0 if way == "images" else 0.4,
            way == "images",
            id=f"{way}-{name}",
            marks=[pytest.mark.nightly] if (way, name) in AT_NIGHT else [],
        )
        for way in ("images", "window")
        for name in BUILT
    ],
)
def test_agrees_with_golden(name, stall, images, harness, tmp_path):
    """Good and bad packets; every step, readout, answer, event, counter and interrupt compared."""
    design, seed = BISTABLE[name], 1 + list(BISTABLE).index(name)
    stimulus = with_bad_packets(design, stress_stimulus(design, SEQUENCES, GATES, seed), seed)
    _, build = harness(design)
    if images:
        write_images(design, stimulus.weights, tmp_path / "images")
    given = tmp_path / "images" if images else None
    result = run_case(build, CrossbarCase(design, stimulus, images=given), tmp_path / "run", seed=seed, stall=stall)
    result.require(*KINDS)
    assert result.comparison.compared["answer"] == result.comparison.compared["readout"] == SEQUENCES
    assert result.comparison.compared["step"] == stimulus.lengths.sum() == result.counters[Counter.STEPS]
    assert result.counters[Counter.STEP_CYCLES] == (design.formats.stream_bits + 1) * stimulus.lengths.sum()


def test_states_move_in_what_is_compared():
    """Over all designs: cells set, reset, and hold either state."""
    moved = np.zeros(3, int)
    for index, design in enumerate(BISTABLE.values()):
        stimulus = stress_stimulus(design, SEQUENCES, GATES, 1 + index)
        states = infer(design, stimulus.weights, stimulus.features, record=True).record.state
        steps = states[:, 1:] - states[:, :-1]
        moved += [(steps > 0).sum(), (steps < 0).sum(), ((steps == 0) & (states[:, 1:] == 1)).sum()]
    assert (moved > 40).all(), moved


def test_equal_thresholds_are_a_comparator(harness, tmp_path):
    """Cells without hysteresis: the state is what the last step alone makes it, in golden and in hardware."""
    design = BISTABLE["bistable_primes"]
    stimulus = stress_stimulus(design, SEQUENCES, GATES, 7)
    high = stimulus.weights.thresholds[1]
    weights = replace(stimulus.weights, thresholds=np.array([high, high]))
    stimulus = replace(stimulus, weights=weights)
    record = infer(design, weights, stimulus.features, record=True).record
    np.testing.assert_array_equal(record.state, np.maximum(record.sums, 0) >= high)
    _, build = harness(design)
    run_case(build, CrossbarCase(design, stimulus), tmp_path / "run").comparison.require(
        STEP, READOUT, "answer", "counters"
    )


def test_thresholds_through_the_registers(harness, tmp_path):
    design = BISTABLE["bistable_tall"]
    _, build = harness(design)
    stimulus = stress_stimulus(design, 4, GATES, 3)
    write_images(design, stimulus.weights, tmp_path / "images")
    config = {
        "design": design.model_dump(mode="json"),
        "thresholds": stimulus.weights.thresholds.tolist(),
        "features": stimulus.features.tolist(),
    }
    arguments = [f"+remora_images={tmp_path / 'images'}"]
    result = run(
        build, "remora.tb.crossbar.top_bistable", testcase=("round_trip", "refusals"), config=config, plusargs=arguments
    )
    assert len(result.tests) == 2


def test_resets_of_sequences_in_flight(harness, tmp_path):
    """Between resets the trace is a prefix of golden's; states are forgotten, weights and thresholds are not."""
    design = BISTABLE["bistable_tall"]
    _, build = harness(design)
    stimulus = stress_stimulus(design, SEQUENCES, GATES, 5)
    write_images(design, stimulus.weights, tmp_path / "images")
    write_header(tmp_path, design)
    config = {
        "design": design.model_dump(mode="json"),
        "features": stimulus.features.tolist(),
        "lengths": stimulus.lengths.tolist(),
        "phases": PHASES,
        "longest_wait": int(stimulus.lengths.sum()) * design.cycles.step,
        "timeout_cycles": timeout_cycles(design, stimulus, 0),
    }
    arguments = [f"+remora_trace={tmp_path}", f"+remora_images={tmp_path / 'images'}"]
    run(
        build,
        "remora.tb.crossbar.top_bistable",
        testcase="in_flight",
        config=config,
        plusargs=arguments,
        run_dir=tmp_path,
    )
    inference = infer(design, stimulus.weights, stimulus.features, stimulus.lengths, record=True)
    golden = trace_records(design, inference, np.arange(SEQUENCES))
    actual = read_trace(tmp_path, design)
    resets = actual[EVENT][actual[EVENT]["kind"] == Event.RESET]
    assert len(resets) == PHASES - 1
    comparison, cut = compare_phases(golden, actual, [*resets["cycle"].tolist(), 1 << 62])
    comparison.require(STEP, READOUT)
    assert cut == PHASES - 1, "a reset came after all sequences, which its time does not allow"


def compare_phases(golden: dict, actual: dict, ends: list[int]) -> tuple[Comparison, int]:
    """Compare phase by phase; ``ends`` are the cycles at which each ended. Also how many were cut short."""
    comparison, cut, begin = Comparison(), 0, 0
    for number, end in enumerate(ends):
        found = {}
        for kind in (STEP, READOUT):
            records = actual[kind][(actual[kind]["cycle"] >= begin) & (actual[kind]["cycle"] < end)]
            found[kind] = records.copy()
            if len(records):
                # Every phase begins with the first sequence.
                found[kind]["sequence"] -= actual[STEP]["sequence"][actual[STEP]["cycle"] >= begin][0]
        last = number == len(ends) - 1
        cut += not last and len(found[STEP]) < len(golden[STEP])
        expected = golden if last else {kind: golden[kind][: len(found[kind])] for kind in found}
        comparison.merge(compare(expected, found))
        begin = end
    return comparison, cut
