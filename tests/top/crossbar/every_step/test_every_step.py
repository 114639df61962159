"""A readout at every step against golden: one sequence in flight and several, learning, bistable cells, stalls, and how
many cycles it takes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from remora.flow.systems.crossbar.generate import write_images
from remora.flow.systems.crossbar.run import CONTEXTS, CrossbarCase
from remora.flow.systems.crossbar.stimulus import Stimulus, stress_stimulus
from remora.flow.verify.run import RtlRun, run_case
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.records import LEARN, READOUT, STEP
from remora.spec.lib.trace import read_trace
from tests.hdl.designs import BISTABLE, DESIGNS, make_design
from tests.top.crossbar.test_contexts import GATES, mixed

LONG = make_design(  # sequences of 28 steps beside those of 1; a part of an answer takes longer than a step
    network={"features": 5, "hidden": 9, "classes": 21, "max_steps": 28, "readout": "every"},
    cell={"lanes": 9},
    formats={"stream_bits": 4, "adc_bits": 6},
    crossbar={"rows": 8, "columns": 21, "levels": 8, "level_bits": 3, "adc_cycles": 2},
)


def every(design: DesignPoint, contexts: int = 1, **sections) -> DesignPoint:
    """A design point with a readout at every step."""
    network = {"readout": "every", **sections.pop("network", {})}
    return design.evolve(network=network, system={"contexts": contexts}, **sections)


LEARNING = {"enabled": True, "hidden_shift": 5, "replay_capacity": 3}
POINTS = {
    "long": LONG,
    "three": every(LONG, 3, crossbar={"integrators": 2}),
    # Parts are shorter than a step; learning and replays among the sequences, several row tiles and folds.
    "learns": every(DESIGNS["primes"], 3, learning=LEARNING),
    # A conversion of the readout takes longer than a step.
    "bistable": every(
        BISTABLE["bistable_primes"], network={"max_steps": 28}, crossbar={"integrators": 2, "adc_cycles": 9}
    ),
}
AT_NIGHT = {
    "tiny": every(DESIGNS["tiny"]),
    "one": every(DESIGNS["one"], 2),
    "alone": every(
        DESIGNS["primes"], learning={**LEARNING, "columns": 3, "update": "direct", "accumulator_level": 128}
    ),
    "two": every(DESIGNS["signed"], 2, crossbar={"integrators": 2}),
    "eight": every(LONG, 8, network={"max_steps": 9}),
    "cells": every(BISTABLE["bistable_tall"], crossbar={"adc_cycles": 7}, formats={"stream_bits": 2}),
    "wide": every(LONG, network={"classes": 60}, crossbar={"columns": 60, "adc_cycles": 23}),
}
STALLS = (0.0, 0.5)
CASES = [(name, stall) for name in POINTS for stall in STALLS]
CASES_AT_NIGHT = [(name, stall) for name in AT_NIGHT for stall in (0.0, 0.3, 0.8)]


def run(harness, tmp_path, design: DesignPoint, stimulus: Stimulus, stall: float, seed: int) -> tuple[RtlRun, dict]:
    """Run and compare; the trace too."""
    _, build = harness(design)
    write_images(design, stimulus.weights, tmp_path / "images")
    case = CrossbarCase(design, stimulus, images=tmp_path / "images")
    result = run_case(build, case, tmp_path / "run", seed=seed, stall=stall)
    result.require(CONTEXTS, *([LEARN] if stimulus.learns.any() else []))
    return result, read_trace(tmp_path / "run", design)


def check(harness, tmp_path, design: DesignPoint, stall: float, seed: int) -> None:
    stimulus = mixed(design, seed)
    result, trace = run(harness, tmp_path, design, stimulus, stall, seed)
    compared, counters, steps = result.comparison.compared, result.counters, int(stimulus.lengths.sum())
    # A part and a record a step; replays are read out at every step too.
    assert compared["answer"] == stimulus.lengths[stimulus.answered].sum() >= stimulus.answered.sum() > 0
    assert compared[STEP] == compared[READOUT] == len(trace[READOUT]) >= steps
    assert counters[Counter.SEQUENCES] == stimulus.answered.sum() == sum(answer.last for answer in result.answers)
    learns, interleaves = design.capabilities.learns, design.capabilities.interleaves
    if interleaves:
        assert len({int(context) for context in trace[READOUT]["context"]}) == design.system.contexts
        waits = {name: counters[Counter[f"{name}_WAIT_CYCLES"]] for name in ("INPUT", "OUTPUT", "CONVERTER")}
        assert all(0 <= each <= counters[Counter.CYCLES] for each in waits.values()) and waits["INPUT"] > 0
        # Answers of one part each never hold anything up.
        assert waits["OUTPUT"] > 0 or learns or design.network.max_steps == 1


@pytest.mark.parametrize(("name", "stall"), CASES)
def test_agrees_with_golden(name, stall, harness, tmp_path):
    """Every step, readout, part of an answer, event, counter and interrupt."""
    check(harness, tmp_path, POINTS[name], stall, 1 + CASES.index((name, stall)))


@pytest.mark.nightly
@pytest.mark.parametrize(("name", "stall"), CASES_AT_NIGHT)
def test_agrees_with_golden_at_night(name, stall, harness, tmp_path):
    """Other numbers of contexts, more classes, and learning with one context."""
    check(harness, tmp_path, AT_NIGHT[name], stall, 1 + CASES_AT_NIGHT.index((name, stall)))


def equal(design: DesignPoint, count: int, length: int) -> Stimulus:
    """Sequences of the same length."""
    return replace(stress_stimulus(design, count, GATES, 3), lengths=np.full(count, length))


@pytest.mark.parametrize("length", [1, 2, 5, 28])
@pytest.mark.parametrize("name", ["long", "bistable"])
def test_a_lone_sequence_takes_the_cycles_of_the_model(name, length, harness, tmp_path):
    """Counted by the hardware; once all stages have filled a step comes every `paced_step` cycles."""
    design = POINTS[name]
    result, trace = run(harness, tmp_path, design, equal(design, 1, length), 0.0, 1)
    found = result.counters[Counter.STEP_CYCLES], result.counters[Counter.READOUT_CYCLES]
    assert found == design.cycles.lone(length)
    if length == 28:
        gaps = np.diff(trace[STEP]["cycle"].astype(np.int64))
        assert gaps[-1] == gaps.max() == design.cycles.paced_step
        assert gaps.min() == design.cycles.step < design.cycles.paced_step


def test_several_sequences_share_the_readout(harness, tmp_path):
    """Equal sequences back to back: once answers follow each other, a step takes `period` cycles: those of its part."""
    design, busy = POINTS["three"], []
    for count in (9, 21):
        result, _ = run(harness, tmp_path / str(count), design, equal(design, count, 28), 0.0, 1)
        busy.append(result.counters[Counter.STEP_CYCLES] + result.counters[Counter.READOUT_CYCLES])
    assert design.cycles.period == design.network.classes + 1
    assert busy[1] - busy[0] == pytest.approx(12 * 28 * design.cycles.period, rel=0.02)
