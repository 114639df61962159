"""Training learns: digits in the quantised network and in the float baseline, synthetic sequences at odd sizes."""

from __future__ import annotations

import numpy as np
import pytest

from remora.golden.crossbar.miru import infer
from remora.golden.crossbar.weights import Weights, initial_weights, random_weights
from remora.golden.data.idx import DATA_VARIABLE
from remora.golden.data.load import SequenceSet, load
from remora.golden.learning.replay import ReplayTrainer
from remora.golden.learning.training import accuracy, train
from remora.golden.offline.float_model import FloatModel, to_float
from tests.golden.designs import DESIGNS
from tests.golden.offline.float_training import train_float

MNIST = DESIGNS["mnist"]


@pytest.fixture
def digits(monkeypatch):
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    return load(MNIST, "mnist")


def test_two_passes_over_the_bundled_digits_are_learnt(digits):
    trainer = ReplayTrainer(MNIST, initial_weights(MNIST))
    before = accuracy(MNIST, trainer.weights, digits[1])
    results = list(train(trainer, digits[0], passes=2, test=digits[1]))
    assert before < 0.2
    assert results[-1].test_accuracy > 0.4
    assert 0.2 < results[0].online_accuracy < results[1].online_accuracy
    assert results[0].pulses_applied > results[1].pulses_applied > 0


def test_the_float_baseline_learns_the_bundled_digits(digits):
    x = to_float(MNIST, digits[1].x)
    model = list(train_float(MNIST, digits[0], passes=3))[-1]
    assert np.mean(model.decide(x) == digits[1].y) > 0.5


def test_rounding_keeps_the_scores_near_the_float_network(digits):
    x = digits[1].x[:200]
    weights = Weights(initial_weights(MNIST).hidden, random_weights(MNIST, 1).readout // 4)
    exact = FloatModel.of(MNIST, weights).forward(to_float(MNIST, x))
    scores = infer(MNIST, weights, x).scores * 2.0**-MNIST.formats.adc_fraction_bits
    assert exact.std() > 0.3
    assert np.abs(scores - exact).max() < 0.1


def test_synthetic_sequences_are_learnt_at_odd_sizes(tiny):
    data, test = load(tiny, "synthetic")
    trainer = ReplayTrainer(tiny, initial_weights(tiny))
    *_, last = train(trainer, data, passes=3, test=test)
    assert last.test_accuracy > 0.6


def test_training_is_repeatable_and_can_be_continued(tiny):
    data, _ = load(tiny, "synthetic", train=60)
    whole, parts = (ReplayTrainer(tiny, initial_weights(tiny)) for _ in range(2))
    expected = list(train(whole, data, passes=3))
    found = [*train(parts, data, passes=1), *train(parts, data, passes=2, first_pass=2)]
    assert found == expected
    for mine, theirs in zip(whole.dfa.accumulators, parts.dfa.accumulators, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_each_pass_has_its_own_order(tiny):
    """Rule H6."""
    data, _ = load(tiny, "synthetic", train=60)
    seen = []

    class Spy(ReplayTrainer):
        def train_sequence(self, x, label):
            seen.append(x.tobytes())
            return super().train_sequence(x, label)

    list(train(Spy(tiny, initial_weights(tiny)), data, passes=2))
    assert sorted(seen[:60]) == sorted(seen[60:]) == sorted(x.tobytes() for x in data.x)
    assert seen[:60] != seen[60:]


def test_progress_reaches_the_total(tiny):
    data, test = load(tiny, "synthetic", train=20, test=5)
    calls = []
    list(train(ReplayTrainer(tiny, initial_weights(tiny)), data, 2, test, calls.append))
    assert calls == [1] * 40


def test_accuracy_counts(tiny):
    data, _ = load(tiny, "synthetic", train=50)
    weights = initial_weights(tiny)
    decision = infer(tiny, weights, data.x).decision
    wrong = (decision + 1) % 3
    assert accuracy(tiny, weights, SequenceSet(data.x, decision)) == 1
    assert accuracy(tiny, weights, SequenceSet(data.x, wrong)) == 0
    assert accuracy(tiny, weights, SequenceSet(data.x, np.where(np.arange(50) < 20, decision, wrong))) == pytest.approx(
        0.4
    )
    with pytest.raises(ValueError, match="no sequences"):
        accuracy(tiny, weights, SequenceSet(data.x[:0], data.y[:0]))
