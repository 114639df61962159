"""Continual learning as an experiment: tasks in a row, replay, forgetting."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from remora.flow.experiments import ExperimentError, continual
from remora.flow.experiments.runner import Options, run_experiment
from remora.flow.experiments.streams import TaskStream, permuted_mnist, presented, split_cifar10
from remora.flow.sweep.units import Context
from remora.golden.crossbar.weights import initial_weights
from remora.golden.data.idx import DATA_VARIABLE
from remora.golden.data.load import SequenceSet, synthetic
from remora.golden.learning.replay import ReplayTrainer
from remora.spec.crossbar.design import DesignPoint
from remora.spec.presets import load_design
from tests.flow.report.charts import cells, check_charts, series

TINY = load_design("tiny", DesignPoint)


def tiny_stream(seed: int) -> TaskStream:
    """Other patterns in every task."""
    design = TINY.evolve(learning={"seed": seed, "hidden_shift": 8})
    tasks = [
        tuple(synthetic(design, count, 100 + number, first) for count, first in ((60, 0), (40, 60)))
        for number in range(5)
    ]
    return TaskStream("permuted-mnist", design, "synthetic", tasks.__getitem__)


@pytest.fixture
def small_streams(monkeypatch):
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    monkeypatch.setattr(continual, "STREAMS", {"permuted-mnist": tiny_stream, "split-cifar10": split_cifar10})


def test_continual_says_all_that_is_asked(small_streams, charts, tmp_path):
    result, lines = run_experiment("continual", continual, Options(quick=True, directory=tmp_path, sequences=40))
    for mode in (result, result["protocols"]["permuted-mnist"]["direct"]):
        matrix = np.array(mode["accuracy_matrix"])
        assert matrix.shape == (5, 5) and mode["mean_accuracy"] == pytest.approx(matrix[-1].mean())
        assert 0 < mode["baseline_mean_accuracy"] <= 1 and 0 < mode["no_replay_mean_accuracy"] <= 1
        # Of 200 new sequences all but the first are followed by a replayed one.
        assert mode["sequences_presented"] == 399
        pairs = TINY.hidden_rows * 7 + TINY.readout_rows * 3
        assert mode["writes_per_device_per_sequence"] == mode["pulses_applied"] / (2 * pairs) / 399 > 0
    assert "not bundled" in result["skipped"]["split-cifar10"]
    assert any(line.startswith("split-cifar10 skipped: CIFAR-10 is not bundled: set REMORA_DATA") for line in lines)
    stem = "continual-seed1-quick-sequences40-permuted-mnist"
    assert result["figures"] == [f"{stem}.png", f"{stem}.svg"] and result["tables"] == [f"{stem}.csv"]
    rows = check_charts(charts, tmp_path, result)
    for mode in ("accumulate", "direct"):
        found = result["protocols"]["permuted-mnist"][mode]
        for name, key in ((mode, "accuracy_matrix"), (f"{mode}, no replay", "no_replay_accuracy_matrix")):
            so_far = [np.mean(row[: position + 1]) for position, row in enumerate(found[key])]
            assert series(rows, "mean over the tasks", name) == pytest.approx(so_far, rel=1e-15)
    assert cells(rows, "accumulate with replay") == np.ravel(result["accuracy_matrix"]).tolist()


def test_continual_takes_settings_and_several_seeds(small_streams, charts, tmp_path):
    settings = {
        "protocols": ("permuted-mnist",),
        "modes": ("direct-fine",),
        "ratio": 2,
        "capacity": 9,
        "schedule": "annealed",
    }
    options = Options(quick=True, directory=tmp_path, sequences=20, seeds=2, settings=settings)
    result, lines = run_experiment("continual", continual, options)
    assert result["replay_capacity"] == 9 and result["sequences_presented"] == 100 + 2 * 99 and not result["skipped"]
    # 9 sequences of 9 steps of 5 features at four bits, 2 bits of label and 4 of length.
    assert result["reservoir_bytes"] == -(-9 * (9 * 5 * 4 + 2 + 4) // 8)
    each = [one["mean_accuracy"] for one in result["per_seed"]]
    assert result["mean_accuracy"] == pytest.approx(np.mean(each))
    assert result["standard_deviation"]["mean_accuracy"] == pytest.approx(np.std(each, ddof=1))
    assert lines[0].startswith("permuted-mnist, direct-fine:") and lines[0].count("±") == 4
    rows, spread = check_charts(charts, tmp_path, result), result["standard_deviation"]["mean_accuracy"]
    assert series(rows, "mean over the tasks", "direct-fine", "standard deviation") == [None] * 4 + [spread]
    assert result["below_baseline"] == pytest.approx(result["baseline_mean_accuracy"] - result["mean_accuracy"])


def test_learning_slows_down_within_a_task_and_keeps_its_state():
    """Three bits slower, the chip goes on as one whose shifts are greater by three."""
    data = synthetic(TINY, 60, 3)
    learner = continual.ChipLearner(TINY.evolve(learning={"replay_capacity": 5}), initial_weights(TINY))
    slow = TINY.evolve(learning={"replay_capacity": 5, "hidden_shift": 13, "readout_shift": 10})
    for x, label in zip(data.x[:30], data.y[:30].tolist(), strict=True):
        learner.learn(x, label)
    same = ReplayTrainer.from_checkpoint(slow, learner._trainer.checkpoint())
    learner.slow_down(3)
    for x, label in zip(data.x[30:], data.y[30:].tolist(), strict=True):
        learner.learn(x, label)
        same.train_sequence(x, label)
    np.testing.assert_array_equal(learner._trainer.dfa.accumulators[0], same.dfa.accumulators[0])
    assert TINY.learning.hidden_shift == 10 and TINY.learning.readout_shift == 7


@pytest.mark.parametrize("number", range(3))
def test_an_interrupted_stream_ends_as_if_it_had_not_been(small_streams, tmp_path, number):
    """Chip in both modes and software, interrupted inside the third task."""
    unit = continual.plan(Options(quick=True, sequences=30))[(0, 2, 4)[number]]
    whole = unit.work(Context(lambda count: None, fresh(tmp_path / "whole"), tmp_path))
    budget = 75

    def stopping(count):
        nonlocal budget
        budget -= count
        if budget < 0:
            raise KeyboardInterrupt

    folder = fresh(tmp_path / "parts")
    with pytest.raises(KeyboardInterrupt):
        unit.work(Context(stopping, folder, tmp_path))
    advanced = []
    assert unit.work(Context(advanced.append, folder, tmp_path)) == whole
    assert sum(advanced) == unit.cost and advanced[0] == 60


def fresh(folder):
    folder.mkdir()
    return folder


def test_software_replays_what_the_chip_replays(monkeypatch):
    design = TINY.evolve(learning={"replay_capacity": 5, "replay_ratio": 2})
    data = synthetic(design, 50, 3)
    weights = initial_weights(design)
    chip, software = continual.ChipLearner(design, weights), continual.SoftwareLearner(design, weights, 8, 1e-3)
    for x, label in zip(data.x, data.y.tolist(), strict=True):
        chip.learn(x, label)
        software.learn(x, label)
    software.finish()
    mine, theirs = chip._trainer.reservoir.state, software._reservoir.state
    assert mine.presented == theirs.presented == 50
    np.testing.assert_array_equal(mine.features, theirs.features)
    assert chip.counts["sequences_presented"] == software.counts["sequences_presented"] == 50 + 2 * 49


def test_forgetting_is_the_loss_since_the_best():
    assert continual.forgetting([[0.9, 0.1, 0.1], [0.5, 0.8, 0.1], [0.6, 0.7, 0.9]]) == pytest.approx((0.3 + 0.1) / 2)
    assert continual.forgetting([[0.5]]) == 0


def test_each_sequence_is_presented_once_before_any_twice():
    data = SequenceSet(np.zeros((7, 1, 1), np.uint8), np.zeros(7, np.int64))
    order = presented(data, 17, seed=1, task=0)
    assert len(order) == 17 and sorted(order[:7]) == sorted(order[7:14]) == list(range(7))
    assert order[:7].tolist() != order[7:14].tolist()
    assert presented(data, 7, 1, 0).tolist() != presented(data, 7, 1, 1).tolist()


def test_digits_are_permuted_anew_in_every_task(monkeypatch):
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    stream = permuted_mnist(1)
    first, second = (stream.task(number)[1].x for number in range(2))
    plain = np.sort(first.reshape(len(first), -1), axis=1)
    np.testing.assert_array_equal(plain, np.sort(second.reshape(len(second), -1), axis=1))
    assert not np.array_equal(first, second) and stream.origin == "3,000 training and 1,000 test digits"


def test_cifar_comes_two_classes_a_task_in_signed_bytes(monkeypatch, tmp_path):
    generator = np.random.default_rng(0)
    (tmp_path / "cifar10").mkdir()
    path = tmp_path / "cifar10" / "features_pca128.npz"
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    with pytest.raises(ExperimentError, match="features_pca128.npz is missing"):
        split_cifar10(1)
    np.savez(path, x_train=np.zeros(3))
    with pytest.raises(ExperimentError, match="is not the file of features"):
        split_cifar10(1)
    scale = np.linspace(6, 1, 128)
    arrays = {
        f"x_{part}": (scale * generator.normal(size=(count, 128))).astype(np.float16)
        for part, count in (("train", 200), ("test", 50))
    }
    labels = {"y_train": np.arange(200) % 10, "y_test": (np.arange(50) % 10).astype(np.uint8)}
    for wrong in (
        {"x_test": arrays["x_test"][:, :99]},
        {"x_train": arrays["x_train"].astype(int)},
        {"x_train": np.where(np.arange(128) == 5, np.nan, arrays["x_train"])},
        {"y_train": labels["y_train"][1:]},
        {"y_test": labels["y_test"] + np.uint8(1)},
        {"y_test": labels["y_test"] / 2},
    ):
        np.savez(path, **(arrays | labels | wrong))
        with pytest.raises(ExperimentError, match="is not the file of features: it needs"):
            split_cifar10(1)
    np.savez(path, **arrays, **labels)
    stream = split_cifar10(2)
    train, test = stream.task(3)
    assert train.x.shape == (40, 4, 32) and train.x.dtype == np.int8 and set(train.y) == set(test.y) == {6, 7}
    assert np.abs(train.x.astype(int)).max() <= 127 and train.x[:, -1].std() > train.x[:, 0].std()
    assert stream.design.learning.seed == 2


def test_a_stream_goes_to_other_processes():
    """`--jobs` sends it; what was loaded stays behind and is loaded again."""
    stream = permuted_mnist(3)
    sent = pickle.dumps(stream)
    assert len(sent) < 100_000 < stream.task(1)[0].x.nbytes
    arrived = pickle.loads(sent)
    for part, same in zip(stream.task(1), arrived.task(1), strict=True):
        np.testing.assert_array_equal(part.x, same.x)
        np.testing.assert_array_equal(part.y, same.y)
