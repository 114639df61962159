"""Several sequences in flight against golden: mixed lengths, stalls, learning among them, and how many cycles it
takes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from remora.flow.systems.crossbar.generate import write_images
from remora.flow.systems.crossbar.run import CONTEXTS, KINDS, CrossbarCase
from remora.flow.systems.crossbar.stimulus import Stimulus, stress_stimulus, with_bad_packets
from remora.flow.verify.run import run_case
from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.miru import infer
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.records import EVENT, LEARN, READOUT, STEP
from remora.spec.lib.packets import Flag
from remora.spec.lib.trace import read_trace
from tests.hdl.designs import DESIGNS, make_design

GATES = Coefficients(200, 100)


def interleaved(name: str, contexts: int, **sections) -> DesignPoint:
    """A design point of the block tests with several contexts."""
    return DESIGNS[name].evolve(system={"contexts": contexts}, **sections)


LONG = make_design(  # sequences of 28 steps beside those of 1, and as many folds as planes
    network={"features": 5, "hidden": 9, "classes": 3, "max_steps": 28},
    cell={"lanes": 1},
    crossbar={"rows": 8, "columns": 9, "adc_cycles": 7},
    system={"contexts": 3},
)
POINTS = {
    "tiny": interleaved("tiny", 3),
    "long": LONG,
    # The fewest cycles of everything, and a period of planes alone.
    "coarse": interleaved("coarse", 3, crossbar={"integrators": 2}),
    # The converter is what takes longest.
    "slow": interleaved("primes", 3, crossbar={"adc_cycles": 23, "integrators": 2}),
    # Learning among them.
    "learns": interleaved("primes", 3, learning={"enabled": True, "hidden_shift": 5, "replay_capacity": 3}),
}
AT_NIGHT = {
    "two": interleaved("primes", 2, cell={"lanes": 3}),
    "five": interleaved("above", 5, crossbar={"integrators": 2, "sense_cycles": 3}),
    "eight": interleaved("tiny", 8, crossbar={"adc_cycles": 1}),
    "four": interleaved("signed", 4, learning={"enabled": True, "update": "direct", "accumulator_level": 128}),
    "integrators": interleaved("primes", 3, crossbar={"integrators": 2}),
}
STALLS = (0.0, 0.5)
CASES = [(name, stall) for name in POINTS for stall in STALLS]
BACK_TO_BACK = ("tiny", "long", "coarse", "slow")
"""Of which a test compares all without stalls, so that by day only the first runs without them once more."""
BUILT_AT_NIGHT = ("coarse",)
CASES_AT_NIGHT = [(name, stall) for name in AT_NIGHT for stall in (0.0, 0.3, 0.8)]
SEQUENCES = 40


def mixed(design: DesignPoint, seed: int) -> Stimulus:
    """The shortest and the longest sequences side by side.

    Where the design learns, some are learnt, and some are not answered.
    """
    random = np.random.default_rng(seed)
    stimulus = with_bad_packets(design, stress_stimulus(design, SEQUENCES, GATES, seed), seed)
    most = design.network.max_steps
    lengths = random.choice([1, min(2, most), most], SEQUENCES)
    stimulus = replace(stimulus, lengths=lengths)
    if not design.capabilities.learns:
        return stimulus
    kinds = [Flag.INFER, Flag.INFER, Flag.INFER, Flag.LEARN, Flag.LEARN | Flag.INFER]
    asked = np.array([int(kinds[index]) for index in random.integers(0, len(kinds), SEQUENCES)])
    labels = random.integers(0, design.network.classes, SEQUENCES)
    return replace(stimulus, asked=asked, labels=labels)


def run(harness, tmp_path, design: DesignPoint, stimulus: Stimulus, stall: float, seed: int):
    _, build = harness(design)
    write_images(design, stimulus.weights, tmp_path / "images")
    case = CrossbarCase(design, stimulus, images=tmp_path / "images")
    result = run_case(build, case, tmp_path / "run", seed=seed, stall=stall)
    kinds = [kind for kind in KINDS if kind != EVENT or stimulus.bad]
    result.comparison.require(*kinds, CONTEXTS, *([LEARN] if stimulus.learns.any() else []))
    return result, read_trace(tmp_path / "run", design)


def in_flight(trace) -> int:
    """Most sequences that were in flight at once: between the first record and the last."""
    steps, readouts = trace[STEP], trace[READOUT]
    first = {int(s): int(c) for s, c in zip(steps["sequence"][::-1], steps["cycle"][::-1], strict=True)}
    last = {int(s): int(c) for s, c in zip(readouts["sequence"], readouts["cycle"], strict=True)}
    return max(sum(first[other] <= cycle <= last[other] for other in last) for cycle in first.values())


def check(harness, tmp_path, design, stall, seed) -> None:
    stimulus = mixed(design, seed)
    result, trace = run(harness, tmp_path, design, stimulus, stall, seed)
    counters, steps = result.counters, int(stimulus.lengths.sum())
    assert result.comparison.compared["step"] >= steps and result.comparison.compared["answer"] > 0
    # An input that mostly stands brings too few sequences to fill the contexts or to wait for the output.
    crowded = stall <= 0.5 and not design.capabilities.learns
    assert in_flight(trace) >= (design.system.contexts if crowded else 2)
    assert counters[Counter.STEP_CYCLES] < steps * design.cycles.step, "steps of several sequences overlap"
    waits = {name: counters[Counter[f"{name}_WAIT_CYCLES"]] for name in ("INPUT", "OUTPUT", "CONVERTER")}
    assert all(0 <= each <= counters[Counter.CYCLES] for each in waits.values())
    assert waits["INPUT"] > 0
    if stall and crowded:
        assert waits["OUTPUT"] > 0
    slow = design.cycles.pace > design.formats.stream_bits + 1
    assert (waits["CONVERTER"] > 0) == slow


@pytest.mark.parametrize(
    ("name", "stall"),
    [
        pytest.param(name, stall, marks=pytest.mark.nightly)
        if name in BUILT_AT_NIGHT or (name in BACK_TO_BACK[1:] and not stall)
        else (name, stall)
        for name, stall in CASES
    ],
)
def test_agrees_with_golden(name, stall, harness, tmp_path):
    """Every step, readout, answer, event, counter and interrupt, whatever else is in flight; contexts are checked."""
    check(harness, tmp_path, POINTS[name], stall, 1 + CASES.index((name, stall)))


@pytest.mark.nightly
@pytest.mark.parametrize(("name", "stall"), CASES_AT_NIGHT)
def test_agrees_with_golden_at_night(name, stall, harness, tmp_path):
    """Other numbers of contexts."""
    check(harness, tmp_path, AT_NIGHT[name], stall, 1 + CASES_AT_NIGHT.index((name, stall)))


@pytest.mark.nightly
def test_every_class_wins(harness, tmp_path):
    """One network hardly lets every class win, so that its classes are exchanged for another run."""
    design, winners = AT_NIGHT["integrators"], set[int]()
    stimulus = mixed(design, 15)
    for turn in range(2):
        weights = replace(stimulus.weights, readout=np.roll(stimulus.weights.readout, turn, axis=1))
        turned = replace(stimulus, weights=weights)
        run(harness, tmp_path / str(turn), design, turned, 0.3, 1)
        inference = infer(design, weights, turned.features, turned.lengths, turned.coefficients)
        winners.update(inference.decision.tolist())
    assert winners == {*range(design.network.classes)}


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.nightly) if name in BUILT_AT_NIGHT else name for name in BACK_TO_BACK],
)
def test_one_step_after_the_other_keeps_the_crossbars_busy(name, harness, tmp_path):
    """Equal sequences back to back: a step begins every `busy` cycles while all contexts are in use."""
    design = POINTS[name]
    cycles, most = design.cycles, design.network.max_steps
    stimulus = stress_stimulus(design, 60, GATES, 3)
    stimulus = replace(stimulus, lengths=np.full(60, most))
    _, trace = run(harness, tmp_path, design, stimulus, 0.0, 1)
    gaps = np.diff(trace[STEP]["cycle"].astype(np.int64))
    assert gaps.min() == cycles.busy
    # Three contexts hide what a step takes where it is at most three times as long as its period.
    if cycles.step <= 3 * cycles.busy and cycles.busy == cycles.period:
        assert np.median(gaps) == cycles.busy
