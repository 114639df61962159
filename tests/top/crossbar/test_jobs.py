"""A run in parts at once gives what one simulation gives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from remora.flow.systems.crossbar.generate import write_images
from remora.flow.systems.crossbar.run import PHASES, CrossbarCase
from remora.flow.systems.crossbar.simulate import simulate, summarise
from remora.flow.systems.crossbar.stimulus import Stimulus, stress_stimulus, with_bad_packets
from remora.flow.verify.parts import running_parts
from remora.flow.verify.run import RunCase, run_case
from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.weights import random_weights
from remora.golden.data.load import SequenceSet
from remora.golden.learning.checkpoint import Checkpoint
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.errors import RemoraError
from remora.spec.lib.packets import Flag
from remora.spec.presets import load_design

DESIGN = load_design("tiny", DesignPoint)
COUNT, JOBS = 8, 3
WAITING = {Counter.CYCLES, Counter.IDLE_CYCLES}
"""Count what a host does between sequences too."""


@pytest.fixture
def case(tmp_path):
    stimulus = stress_stimulus(DESIGN, COUNT, Coefficients.of(DESIGN), seed=4)
    write_images(DESIGN, stimulus.weights, tmp_path / "images")
    return CrossbarCase(DESIGN, stimulus, images=tmp_path / "images")


def run_in(build, case, parts, directory, progress=lambda steps: None):
    with running_parts(build, case, parts, directory, seed=1, stall=0.0) as running:
        return running.finish(progress)


def test_parts_give_what_one_simulation_gives(harness, case, tmp_path):
    _, build = harness(DESIGN)
    one, advanced = run_case(build, case, tmp_path / "one"), []
    divided = CrossbarCase(DESIGN, case.stimulus, images=case.images)
    parts = divided.parts(JOBS)
    assert [len(part.stimulus) for part in parts] == [2, 3, 3]
    many = run_in(build, divided, parts, tmp_path / "many", advanced.append)
    many.require()
    assert sorted(path.name for path in (tmp_path / "many").iterdir()) == ["part-0", "part-1", "part-2"]
    for kind in ("step", "readout", "answer"):
        assert many.comparison.compared[kind] == one.comparison.compared[kind] > 0
    assert [answer.scores for answer in many.answers] == [answer.scores for answer in one.answers]
    np.testing.assert_array_equal(many.golden_decisions, one.golden_decisions)
    for counter in one.counters.keys() - WAITING:
        assert many.counters[counter] == one.counters[counter], counter
    assert many.counters[Counter.CYCLES] == sum(many.counters.get(phase, 0) for phase in PHASES)
    data = SequenceSet(case.stimulus.features, case.stimulus.labels)
    first, second = (summarise(DESIGN, data, run) for run in (one, many))
    for figure in ("accuracy", "golden_accuracy", "cycles_per_step", "cycles_per_readout", "gops", "mismatches"):
        assert first[figure] == second[figure], figure
    assert sum(advanced) <= one.comparison.compared["step"]


def test_what_differs_in_one_part_is_found(harness, case, tmp_path):
    _, build = harness(DESIGN)
    parts = case.parts(2)
    wrong = replace(parts[1].stimulus, weights=random_weights(DESIGN, 99))
    parts[1] = CrossbarCase(DESIGN, wrong, images=case.images)
    run = run_in(build, case, parts, tmp_path / "run")
    assert run.comparison.mismatches["step"] > 0 and run.comparison.first is not None
    assert run.failure().startswith("hardware and golden differ in")


def test_more_jobs_than_sequences_are_as_many(case):
    parts = case.parts(100)
    assert [len(part.stimulus) for part in parts] == [1] * COUNT


def test_what_cannot_be_divided_is_refused(case, tmp_path):
    learning = DESIGN.evolve(learning={"enabled": True})
    asked = np.full(COUNT, int(Flag.INFER | Flag.LEARN))
    labels = np.zeros(COUNT, np.int64)
    with pytest.raises(RemoraError, match="--jobs 2: what is learnt depends on every sequence before"):
        CrossbarCase(learning, replace(case.stimulus, asked=asked, labels=labels)).parts(2)
    with pytest.raises(ValueError, match="bad packets"):
        CrossbarCase(DESIGN, with_bad_packets(DESIGN, case.stimulus, seed=1)).parts(2)
    with pytest.raises(RemoraError, match="one whole"):
        RunCase.parts(case, 2)
    data = SequenceSet(case.stimulus.features, case.stimulus.labels)
    network = Checkpoint.of(DESIGN, case.stimulus.weights)
    with pytest.raises(RemoraError, match="--jobs 2: waveforms are recorded of one simulation"):
        simulate(DESIGN, data, network, jobs=2, waves=tmp_path / "waves.fst")
    with pytest.raises(
        RemoraError, match="--jobs 2: toggles are recorded of one simulation; leave --jobs or --toggles"
    ):
        simulate(DESIGN, data, network, jobs=2, toggles=tmp_path / "a.saif")
    with pytest.raises(RemoraError, match="--toggles .*a.saif with --waves .*a.vcd: a simulation records one of them"):
        simulate(DESIGN, data, network, waves=tmp_path / "a.vcd", toggles=tmp_path / "a.saif")


def test_a_part_of_a_stimulus_asks_what_the_whole_asked():
    stimulus = Stimulus.of(
        SequenceSet(np.zeros((5, 2, 5), np.uint8), np.arange(5)), random_weights(DESIGN, 1), Coefficients(1, 2)
    )
    part = stimulus.part(1, 4)
    assert (len(part), part.labels.tolist(), part.flags.tolist()) == (3, [1, 2, 3], stimulus.flags[1:4].tolist())
