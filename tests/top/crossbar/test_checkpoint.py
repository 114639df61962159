"""Power off and on: what the host read back through the bus is restored, and learning goes on as if nothing were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from remora.flow.systems.crossbar.run import timeout_cycles
from remora.flow.systems.crossbar.stimulus import Stimulus, learning_stimulus
from remora.flow.tools.simulator import Build, run
from remora.golden.crossbar.cell import Coefficients
from remora.golden.learning.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from remora.golden.learning.healing import HealingState
from remora.golden.learning.replay import ReplayTrainer
from remora.golden.learning.settings import LearningSettings
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.packets import Flag
from tests.top.crossbar.test_learning import learner
from tests.top.crossbar.test_replay import REPLAYERS

DESIGNS = {
    "accumulate": learner(
        "tiny",
        hidden_shift=4,
        readout_shift=3,
        winners=3,
        lanes=5,
        columns=2,
        replay_capacity=5,
        replay_ratio=2,
        compensation=True,
    ),
    "direct": learner(
        "signed",
        hidden_shift=4,
        update="direct",
        accumulator_level=64,
        winners=2,
        replay_capacity=3,
        healing=True,
    ),
}
SETTINGS = {"accumulate": LearningSettings(0xDEAD, 4, 3, 1, 0), "direct": LearningSettings(7, 3, 2, 0, 1, 3, 1, 0, 999)}
HALF = 9
GATES = Coefficients(201, 99)


def stimulus_of(design: DesignPoint) -> Stimulus:
    """2·HALF sequences, all learnt and answered."""
    stimulus = learning_stimulus(design, 2 * HALF, GATES, 12)
    both = np.full(2 * HALF, int(Flag.LEARN | Flag.INFER))
    return replace(stimulus, asked=both, labels=stimulus.labels.clip(0))


class Runs:
    """Runs of the hardware and of golden from checkpoint to checkpoint, in one folder."""

    def __init__(self, build: Build, design: DesignPoint, folder: Path) -> None:
        self.build, self.design, self.folder = build, design, folder
        self.stimulus = stimulus_of(design)
        start = Checkpoint.of(design, self.stimulus.weights)
        save_checkpoint(folder / "start.npz", design, replace(start, coefficients=GATES))

    def hardware(
        self,
        before: str,
        after: str,
        part: slice,
        settings: LearningSettings | None = None,
        testcase: str = "learn_and_save",
        plusargs: Sequence[str] = (),
    ) -> Checkpoint:
        """From one file to another; a new simulation each time, in which memories start as noise."""
        stimulus = self.stimulus
        config = {
            "design": self.design.model_dump(mode="json"),
            "features": stimulus.features[part].tolist(),
            "lengths": stimulus.lengths[part].tolist(),
            "labels": stimulus.labels[part].tolist(),
            "restore": str(self.folder / f"{before}.npz"),
            "save": str(self.folder / f"{after}.npz"),
            "between": str(self.folder / f"{after}-between.npz"),
            "settings": settings and settings.as_dict(),
            "timeout_cycles": timeout_cycles(self.design, stimulus, 0.0),
        }
        run(
            self.build,
            "remora.tb.crossbar.top_checkpoint",
            testcase=testcase,
            config=config,
            seed=len(after),
            plusargs=plusargs,
        )
        return load_checkpoint(self.folder / f"{after}.npz", self.design)

    def golden(self, before: str, part: slice, settings: LearningSettings | None = None) -> Checkpoint:
        """What golden has from the same file."""
        trainer = ReplayTrainer.from_checkpoint(
            self.design, load_checkpoint(self.folder / f"{before}.npz", self.design)
        )
        if settings:
            trainer.settings = settings
        stimulus = self.stimulus
        for x, length, label in zip(
            stimulus.features[part], stimulus.lengths[part], stimulus.labels[part], strict=True
        ):
            trainer.train_sequence(x[:length], int(label))
        return trainer.checkpoint()


def require_same(found: Checkpoint, expected: Checkpoint, early: bool = False) -> None:
    """All that a checkpoint holds, of which nothing may be empty or all zero, unless it is an ``early`` one."""
    assert (found.updates, found.settings, found.coefficients) == (
        expected.updates, expected.settings, expected.coefficients,
    )  # fmt: skip
    for mine, theirs in zip(arrays(found), arrays(expected), strict=True):
        assert early or (theirs.size and theirs.any())
        np.testing.assert_array_equal(mine, theirs)
    if found.healing:
        assert found.healing == expected.healing and (early or found.healing != HealingState())
    assert (found.reservoir.presented, found.reservoir.frozen) == (
        expected.reservoir.presented, expected.reservoir.frozen,
    )  # fmt: skip


def arrays(checkpoint: Checkpoint):
    """Everything of it that must not be empty, labels counted from 1."""
    yield from (checkpoint.weights.hidden, checkpoint.weights.readout)
    if checkpoint.hidden_accumulators.any():
        yield from (checkpoint.hidden_accumulators, checkpoint.readout_accumulators)
    yield from (checkpoint.reservoir.features, checkpoint.reservoir.steps, checkpoint.reservoir.labels + 1)


@pytest.mark.parametrize("name", DESIGNS)
def test_power_off_loses_nothing_that_was_saved(name, harness, tmp_path):
    """Once in one go; once with the power cut in the middle, in new silicon: the same to the last bit, and golden's."""
    design, settings = DESIGNS[name], SETTINGS[name]
    runs = Runs(harness(design)[1], design, tmp_path)
    whole = runs.hardware("start", "whole", slice(None), settings)
    require_same(whole, runs.golden("start", slice(None), settings))
    half = runs.hardware("start", "half", slice(0, HALF), settings)
    require_same(half, runs.golden("start", slice(0, HALF), settings))
    require_same(runs.hardware("half", "rest", slice(HALF, None)), whole)
    assert whole.reservoir.presented == 2 * HALF and len(whole.reservoir.steps) == design.learning.replay_capacity
    assert whole.hidden_accumulators.any() == (name == "accumulate")
    assert whole.updates > 3 * HALF


def test_what_was_saved_moves_to_other_lanes_and_columns(harness, tmp_path):
    """Saved by hardware of five lanes and two columns, restored into hardware of all lanes and one column."""
    design, other = DESIGNS["accumulate"], REPLAYERS["tiny"]
    assert (design.learning_folds > 1, design.learning.columns, other.learning_folds, other.learning.columns) == (
        True, 2, 1, 1,
    )  # fmt: skip
    saved = Runs(harness(design)[1], design, tmp_path).hardware("start", "half", slice(0, HALF))
    assert saved.hidden_accumulators.any() and saved.readout_accumulators.any()
    moved = Runs(harness(other)[1], other, tmp_path)
    require_same(moved.hardware("half", "moved", slice(HALF, None)), moved.golden("half", slice(HALF, None)))


@pytest.mark.parametrize("name", DESIGNS)
def test_what_is_guarded_is_refused_while_learning(name, harness, tmp_path):
    design = DESIGNS[name]
    runs = Runs(harness(design)[1], design, tmp_path)
    found = runs.hardware("start", "refused", slice(None), testcase="refused_while_learning")
    require_same(found, runs.golden("start", slice(None)))


def test_words_that_do_not_exist_are_refused(harness, tmp_path):
    design = DESIGNS["accumulate"]
    runs = Runs(harness(design)[1], design, tmp_path)
    learnt = runs.golden("start", slice(None), SETTINGS["accumulate"])
    assert learnt.hidden_accumulators.any() and len(learnt.reservoir.steps)
    for name in ("learnt", "refused"):
        save_checkpoint(tmp_path / f"{name}.npz", design, learnt)
    runs.hardware("learnt", "refused", slice(0, 1), testcase="words_that_do_not_exist")


def test_what_was_learnt_under_other_tiles_lanes_and_sizes_goes_on_in_this_hardware(harness, tmp_path):
    """χ, reservoir and counts move with the weights, and hardware goes on as golden does."""
    design = DESIGNS["accumulate"]
    runs = Runs(harness(design)[1], design, tmp_path)
    other = design.evolve(
        network={"max_steps": design.network.max_steps + 3},
        cell={"lanes": 1},
        crossbar={"columns": 3, "pulse_cycles": 2},
        system={"clock_mhz": 3.0},
        learning={"lanes": 2, "replay_capacity": 4, "hidden_shift": 5, "winners": 6},
    )
    trainer, stimulus = ReplayTrainer(other, runs.stimulus.weights, GATES), runs.stimulus
    for x, length, label in zip(stimulus.features[:HALF], stimulus.lengths[:HALF], stimulus.labels[:HALF], strict=True):
        trainer.train_sequence(x[:length], int(label))
    save_checkpoint(tmp_path / "moved.npz", other, trainer.checkpoint())
    moved = load_checkpoint(tmp_path / "moved.npz", design)
    assert not moved.left_behind and moved.hidden_accumulators.any() and len(moved.reservoir.steps) == 4
    assert moved.settings == LearningSettings.of(design) and moved.updates == trainer.dfa.updates > HALF
    found = runs.hardware("moved", "after", slice(HALF, None))
    require_same(found, runs.golden("moved", slice(HALF, None)))


def test_heads_that_may_not_be_stored_are_refused(harness, tmp_path):
    """Rule M10: nothing changes, and what is replayed afterwards is golden's, to the last bit."""
    design = DESIGNS["accumulate"]
    runs = Runs(harness(design)[1], design, tmp_path)
    learnt = runs.golden("start", slice(0, HALF), SETTINGS["accumulate"])
    assert len(learnt.reservoir.steps) == design.learning.replay_capacity
    save_checkpoint(tmp_path / "learnt.npz", design, learnt)
    found = runs.hardware("learnt", "after", slice(HALF, None), testcase="heads_that_may_not_be_stored")
    require_same(found, runs.golden("learnt", slice(HALF, None)))


@pytest.mark.parametrize("name", DESIGNS)
def test_what_nobody_wrote_is_learnt_as_golden_does(name, harness, tmp_path):
    """Rules M9 and M10: a host raises FILLED over slots of noise; they are replayed as they are read."""
    design = DESIGNS[name]
    runs = Runs(harness(design)[1], design, tmp_path)
    found = runs.hardware("start", "noise", slice(0, HALF), testcase="what_nobody_wrote")
    between = load_checkpoint(tmp_path / "noise-between.npz", design)
    assert len(between.reservoir.steps) == design.learning.replay_capacity
    require_same(found, runs.golden("noise-between", slice(0, HALF)))
