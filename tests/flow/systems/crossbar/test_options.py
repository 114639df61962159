"""Options of learning on the command line: what they change, and what is refused before anything is built."""

from __future__ import annotations

import pytest

from remora.flow import cli
from remora.flow.systems.crossbar.options import TASK_CAPACITY, LearningOptions
from remora.flow.systems.crossbar.train_tasks import summarise_tasks, train_tasks
from remora.golden.data.load import load
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.errors import RemoraError
from remora.spec.presets import ConfigError, load_design

TINY = load_design("tiny", DesignPoint)


def test_without_options_the_design_point_is_as_it_was():
    assert LearningOptions().apply(TINY) == TINY
    assert LearningOptions().apply(TINY, enabled=True).learning.enabled


def test_options_change_the_section_of_learning():
    learning = LearningOptions(update="direct", replay_capacity=7, replay_ratio=3).apply(TINY).learning
    assert (learning.update, learning.replay_capacity, learning.replay_ratio) == ("direct", 7, 3)


def test_more_healing_replays_than_the_register_holds_are_refused(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["simulate", "tiny", "--learn", "--replay-capacity", "5", "--heal", str(2**32)])
    assert ended.value.code == 2 and "--heal" in capsys.readouterr().err


def test_tasks_bring_a_reservoir_unless_one_is_given():
    assert LearningOptions(tasks=2).apply(TINY).learning.replay_capacity == TASK_CAPACITY
    for capacity in (0, 5):
        assert LearningOptions(tasks=2, replay_capacity=capacity).apply(TINY).learning.replay_capacity == capacity


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (LearningOptions(update="both"), "tiny with update = both: learning.update = 'both'"),
        (LearningOptions(replay_capacity=70000), "learning.replay_capacity = 70000"),
        (LearningOptions(replay_ratio=2), "learning.replay_ratio is 2 but learning.replay_capacity is 0"),
    ],
)
def test_illegal_options_are_refused_by_name(options, message):
    with pytest.raises(ConfigError, match=message):
        options.apply(TINY)


def test_options_of_learning_need_learning():
    LearningOptions().require(False)
    with pytest.raises(RemoraError, match="--tasks, --replay-ratio: nothing is learnt; add --learn"):
        LearningOptions(tasks=2, replay_ratio=2).require(False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["simulate", "tiny", "--tasks", "2"], "add --learn"),
        (["simulate", "tiny", "--learn", "--tasks", "5", "--limit", "3"], "3 sequences do not make 5 tasks"),
        (["simulate", "tiny", "--learn", "--update", "sometimes"], "learning.update"),
        (["train", "tiny", "--tasks", "2", "--task", "1"], "give one task, or how many follow each other"),
        (["train", "tiny", "--tasks", "2", "--passes", "3"], "--passes: with --tasks every sequence is learnt once"),
        (["train", "mnist-bmru", "--update", "direct"], "--update: 'mnist-bmru' has bistable cells, which are trained"),
    ],
)
def test_a_person_is_told(arguments, message, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    assert message in " ".join(capsys.readouterr().err.split())


def test_training_goes_on_after_a_task_as_if_it_had_not_been_interrupted(tmp_path):
    design = LearningOptions(tasks=3, replay_capacity=9).apply(TINY)
    training, test = load(design, "synthetic")
    whole = train_tasks(design, training, test, 60, 3, tmp_path / "whole.npz")
    path = tmp_path / "cut.npz"

    class Interrupted(Exception):
        pass

    def stop(*_):
        raise Interrupted

    with pytest.MonkeyPatch.context() as patch:
        saved = []
        from remora.flow.systems.crossbar import train_tasks as module

        keep = module.save_checkpoint
        patch.setattr(module, "save_checkpoint", lambda *all: (keep(*all), saved.append(1), len(saved) > 1 and stop()))
        with pytest.raises(Interrupted):
            train_tasks(design, training, test, 60, 3, path)
    again = train_tasks(design, training, test, 60, 3, path)
    assert again.metadata == whole.metadata and (again.weights.hidden == whole.weights.hidden).all()
    assert summarise_tasks(again.metadata["tasks"])["sequences"] == 60
    assert [len(row) for row in summarise_tasks(again.metadata["tasks"])["accuracy_matrix"]] == [1, 2, 3]
