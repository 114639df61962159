"""Experiments: what is done is not done twice, an interruption changes nothing, and each says what it measures."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest

from flow import cli
from flow.experiments import EXPERIMENTS, ExperimentError, bit_streaming, continual, convergence, find_experiment
from flow.experiments.runner import Conclusion, Context, Options, Unit, run_experiment
from flow.experiments.seeds import mean_and_spread
from flow.experiments.settings import read_settings
from flow.experiments.streams import (
    TaskStream,
    aligned_weights,
    permuted_mnist,
    presented,
    split_cifar10,
    with_learning,
)
from golden.data import SequenceSet, synthetic
from golden.float_model import FloatModel
from golden.idx import DATA_VARIABLE
from golden.learning import feedback_matrix
from golden.replay import ReplayTrainer
from golden.weights import initial_weights
from spec.presets import load_design

TINY = load_design("tiny")


class Counted:
    """An experiment of two units that counts how often each is done."""

    def __init__(self, factor: int = 2):
        self.done, self.factor = [], factor

    def plan(self, options):
        def work(context, number):
            self.done.append(number)
            context.advance(1)
            return {"value": self.factor * number + options.seed}

        return [Unit({"number": n, "seed": options.seed}, 1, lambda c, n=n: work(c, n)) for n in (1, 2)]

    def conclude(self, options, results):
        return Conclusion({"values": [one["value"] for one in results]}, {}, ("finished",))


def test_finished_work_is_not_done_again(tmp_path):
    module, options = Counted(), Options(seed=5, directory=tmp_path)
    first, lines = run_experiment("counted", module, options)
    again, _ = run_experiment("counted", module, options)
    assert first == again and module.done == [1, 2] and first["values"] == [7, 9] and lines[0] == "finished"
    assert (
        first.keys() >= {"experiment", "quick", "command", "commit", "version", "seed", "figures"}
        and first["seed"] == 5
    )
    assert json.loads((tmp_path / "counted-seed5.json").read_text()) == first
    run_experiment("counted", module, Options(seed=6, directory=tmp_path))
    assert module.done == [1, 2, 1, 2]
    assert not list(tmp_path.rglob("*.state")) and not list(tmp_path.rglob("*.part"))


def test_several_jobs_give_the_same_result_and_are_resumed_by_one(tmp_path):
    class Elsewhere(Counted):
        def plan(self, options):
            own = os.getpid()
            return [
                Unit({"number": n}, 1, lambda context, n=n: {"value": n * 0.1, "elsewhere": os.getpid() != own})
                for n in range(5)
            ]

        def conclude(self, options, results):
            return Conclusion({"values": results})

    several, _ = run_experiment("counted", Elsewhere(), Options(directory=tmp_path), jobs=2)
    assert several["values"] == [{"value": n * 0.1, "elsewhere": True} for n in range(5)]
    assert run_experiment("counted", Elsewhere(), Options(directory=tmp_path))[0] == several
    alone, _ = run_experiment("counted", Elsewhere(), Options(directory=tmp_path / "alone"))
    assert [one["value"] for one in alone["values"]] == [one["value"] for one in several["values"]]
    assert not any(one["elsewhere"] for one in alone["values"])


def test_another_version_or_a_damaged_file_is_done_again(tmp_path):
    module, options = Counted(), Options(directory=tmp_path)
    run_experiment("counted", module, options)
    for path, content in zip(sorted((tmp_path / "units").iterdir()), ('{"result": {}}', '{"resu'), strict=True):
        path.write_text(content)
    assert run_experiment("counted", module, options)[0]["values"] == [3, 5] and sorted(module.done) == [1, 1, 2, 2]
    module.VERSION = 2
    run_experiment("counted", module, options)
    assert len(module.done) == 6


def test_what_an_interruption_left_unfinished_is_done(tmp_path):
    module, options = Counted(), Options(directory=tmp_path)
    units = module.plan(options)

    def interrupted(context):
        (context.folder / "half").write_text("state")
        raise KeyboardInterrupt

    module.plan = lambda options: [units[0], Unit(units[1].parameters, 1, interrupted)]
    with pytest.raises(KeyboardInterrupt):
        run_experiment("counted", module, options)
    assert (next(tmp_path.rglob("*.state")) / "half").read_text() == "state" and module.done == [1]
    module.plan = lambda options: units
    assert run_experiment("counted", module, options)[0]["values"] == [3, 5] and module.done == [1, 2]


def test_several_seeds_give_mean_and_spread(tmp_path):
    module, options = Counted(), Options(seed=4, seeds=3, directory=tmp_path)
    result, lines = run_experiment("counted", module, options)
    assert result["values"] == [7, 9] and result["standard_deviation"] == {"values": [1, 1]}
    assert result["seeds"] == [4, 5, 6] and [one["values"] for one in result["per_seed"]] == [[6, 8], [7, 9], [8, 10]]
    assert lines[-2] == "mean ± standard deviation of seeds 4…6" and (tmp_path / "counted-seeds4-6.json").is_file()
    # What one seed has done, several take over, and the other way round.
    run_experiment("counted", module, Options(seed=5, directory=tmp_path))
    assert len(module.done) == 6


def test_mean_and_spread_keep_what_is_common():
    first = {"a": [1, [2, 3]], "b": "x", "c": "p", "d": True, "e": 1, "g": [1]}
    second = {"a": [3, [2, 4]], "b": "x", "c": "q", "d": True, "f": 1, "g": [1, 2]}
    mean, spread = mean_and_spread([first, second])
    assert mean == {"a": [2, [2, 3.5]], "b": "x", "d": True}
    assert spread == {"a": [pytest.approx(2**0.5), [0, pytest.approx(0.5**0.5)]]}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("ratio=0", "ratio should be a whole number in 1…255"),
        ("ratio=x", "ratio should be a whole number in 1…255"),
        ("modes=direct,digital", "modes should be one or several of accumulate, direct, direct-winners, direct-fine"),
        ("schedule=cosine", "schedule should be one of constant, annealed"),
        ("capacity", "experiment 'continual' takes ratio: sequences replayed"),
        ("rate=1", "experiment 'continual' takes ratio: sequences replayed"),
    ],
)
def test_a_wrong_setting_says_what_is_legal(given, message):
    with pytest.raises(ExperimentError, match=f"--set {given}: {message}"):
        read_settings("continual", continual, [given])
    with pytest.raises(ExperimentError, match="takes no settings"):
        read_settings("convergence", convergence, [given])


def test_settings_are_read():
    given = ["modes=direct-fine,accumulate", "ratio=7"]
    assert read_settings("continual", continual, given) == {"modes": ("accumulate", "direct-fine"), "ratio": 7}


# Continual learning ---------------------------------------------------------------------------------------------------
def tiny_stream(seed: int) -> TaskStream:
    """Other patterns in every task."""
    design = with_learning(TINY, seed=seed, hidden_shift=8)
    tasks = [
        tuple(synthetic(design, count, 100 + number, first) for count, first in ((60, 0), (40, 60)))
        for number in range(5)
    ]
    return TaskStream("permuted-mnist", design, "synthetic", tasks.__getitem__)


@pytest.fixture
def small_streams(monkeypatch):
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    monkeypatch.setattr(continual, "STREAMS", {"permuted-mnist": tiny_stream, "split-cifar10": split_cifar10})


def test_continual_says_all_that_is_asked(small_streams, tmp_path):
    result, lines = run_experiment("continual", continual, Options(quick=True, directory=tmp_path, sequences=40))
    for mode in (result, result["protocols"]["permuted-mnist"]["direct"]):
        matrix = np.array(mode["accuracy_matrix"])
        assert matrix.shape == (5, 5) and mode["mean_accuracy"] == pytest.approx(matrix[-1].mean())
        assert 0 < mode["baseline_mean_accuracy"] <= 1 and 0 < mode["no_replay_mean_accuracy"] <= 1
        # Of 200 new sequences all but the first are followed by a replayed one.
        assert mode["sequences_presented"] == 399
        pairs = TINY.hidden_rows * 7 + TINY.readout_rows * 3
        assert mode["writes_per_device_per_sequence"] == mode["pulses_applied"] / (2 * pairs) / 399 > 0
    assert "not shipped" in result["skipped"]["split-cifar10"]
    assert any(line.startswith("split-cifar10 skipped: CIFAR-10 is not shipped: set REMORA_DATA") for line in lines)
    assert result["figures"] == ["continual-seed1-quick-sequences40-permuted-mnist.png"]
    assert (tmp_path / result["figures"][0]).stat().st_size > 5000


def test_continual_takes_settings_and_several_seeds(small_streams, tmp_path):
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
    assert result["below_baseline"] == pytest.approx(result["baseline_mean_accuracy"] - result["mean_accuracy"])


def test_learning_slows_down_within_a_task_and_keeps_its_state():
    """Three bits slower, the chip goes on as one whose shifts are greater by three."""
    data = synthetic(TINY, 60, 3)
    learner = continual.ChipLearner(with_learning(TINY, replay_capacity=5), initial_weights(TINY))
    slow = with_learning(TINY, replay_capacity=5, hidden_shift=13, readout_shift=10)
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
    whole = unit.work(Context(lambda count: None, fresh(tmp_path / "whole")))
    budget = 75

    def stopping(count):
        nonlocal budget
        budget -= count
        if budget < 0:
            raise KeyboardInterrupt

    folder = fresh(tmp_path / "parts")
    with pytest.raises(KeyboardInterrupt):
        unit.work(Context(stopping, folder))
    advanced = []
    assert unit.work(Context(advanced.append, folder)) == whole
    assert sum(advanced) == unit.cost and advanced[0] == 60


def fresh(folder):
    folder.mkdir()
    return folder


def test_software_replays_what_the_chip_replays(monkeypatch):
    design = with_learning(TINY, replay_capacity=5, replay_ratio=2)
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


def test_an_aligned_start_makes_the_feedback_true():
    design = load_design("mnist")
    weights = aligned_weights(design)
    assert set(np.abs(weights.readout[:-1]).ravel()) == {2} and not weights.readout[-1].any()
    np.testing.assert_array_equal(weights.hidden, initial_weights(design).hidden)
    aligned = convergence.alignment(design, FloatModel.of(design, weights, np.float64), synthetic(design, 50, 1))
    assert aligned["feedback_angle"] < 1e-3


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
    np.savez(path, **arrays, y_train=np.arange(200) % 10, y_test=(np.arange(50) % 10).astype(np.uint8))
    stream = split_cifar10(2)
    train, test = stream.task(3)
    assert train.x.shape == (40, 4, 32) and train.x.dtype == np.int8 and set(train.y) == set(test.y) == {6, 7}
    assert np.abs(train.x.astype(int)).max() <= 127 and train.x[:, -1].std() > train.x[:, 0].std()
    assert stream.design.learning.seed == 2


# Bit streaming and convergence ----------------------------------------------------------------------------------------
@pytest.fixture
def few_bits(monkeypatch):
    monkeypatch.setattr(bit_streaming, "STREAM_BITS", (2, 7, 8))
    monkeypatch.setattr(bit_streaming, "ADC_BITS", (7, 8, 10))


def test_bit_streaming_errs_less_with_more_bits(few_bits, tmp_path):
    result, lines = run_experiment("bit-streaming", bit_streaming, Options(directory=tmp_path, sequences=20))
    error = {(one["stream_bits"], one["adc_bits"]): one["error"] for one in result["rms_error"]}
    assert (2, 10) not in error and len(error) == 8
    assert error[2, 8] > 10 * error[7, 8] and error[8, 7] > 1.6 * error[8, 8] > 1.6**2 * error[8, 10]
    # Rounding to a code alone would give the deviation of a uniform distribution; the rounded inputs add a little.
    assert 0.28 < error[8, 8] / result["reference_code_step"] < 0.34
    assert "code steps" in lines[0] and (tmp_path / result["figures"][0]).is_file()


def test_convergence_reads_every_rule_at_the_same_places(monkeypatch, tmp_path):
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    result, lines = run_experiment("convergence", convergence, Options(quick=True, directory=tmp_path, sequences=40))
    places = {rule: [reading["sequences"] for reading in one["readings"]] for rule, one in result["rules"].items()}
    assert set(places) == {"accumulate", "direct", "software"}
    assert all(found == list(range(0, 41, 2)) for found in places.values())
    assert 0 < result["final"]["accumulate"]["feedback_angle"] < 180 and "pulses_applied" in result["rules"]["direct"]
    assert len(lines) == 5


def test_convergence_of_several_seeds_has_a_spread(monkeypatch, tmp_path):
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    result, lines = run_experiment("convergence", convergence, Options(2, True, tmp_path, sequences=20, seeds=2))
    each = [one["final"]["direct"]["accuracy"] for one in result["per_seed"]]
    assert result["final"]["direct"]["accuracy"] == pytest.approx(np.mean(each))
    assert result["final"]["direct"]["sequences"] == 20 and len(lines) == 6 and lines[1].startswith("direct: ")
    assert all("±" in line for line in lines[:3]) and (tmp_path / result["figures"][0]).stat().st_size > 5000


def test_alignment_is_perfect_where_the_readout_is_the_feedback():
    weights = initial_weights(TINY)
    model = FloatModel.of(TINY, weights, np.float64)
    model.readout[:-1] = feedback_matrix(TINY).T
    angles = convergence.alignment(TINY, model, synthetic(TINY, 50, 1))
    assert angles["feedback_angle"] < 1e-3 and angles["gradient_angle"] < 90
    model.readout[:-1] *= -1
    assert convergence.alignment(TINY, model, synthetic(TINY, 50, 1))["feedback_angle"] > 179.99


# The command ----------------------------------------------------------------------------------------------------------
def test_the_command_writes_where_it_is_told(few_bits, tmp_path, capsys):
    target = tmp_path / "result.json"
    arguments = [
        "experiment",
        "bit-streaming",
        "--quick",
        "--sequences",
        "16",
        "--seed",
        "3",
        "-o",
        str(tmp_path / "out"),
    ]
    with pytest.raises(SystemExit) as caught:
        cli.main([*arguments, "--json", str(target)])
    assert not caught.value.code and "result:" in capsys.readouterr().out
    found = json.loads(target.read_text())
    assert found == json.loads((tmp_path / "out" / "bit-streaming-seed3-quick-sequences16.json").read_text())
    assert found["seed"] == 3


def test_an_unknown_experiment_is_one_line(capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["experiment", "fusion"])
    assert caught.value.code == 2
    assert capsys.readouterr().err == f"error: there is no experiment 'fusion'; there are: {', '.join(EXPERIMENTS)}\n"


def test_every_experiment_is_there():
    for name in EXPERIMENTS:
        module = find_experiment(name)
        assert module.SUMMARY and module.plan and module.conclude
