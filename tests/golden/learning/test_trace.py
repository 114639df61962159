"""Golden's records of a run that learns: what trainer and inference give, in order, with checksums."""

from __future__ import annotations

import numpy as np
import pytest

from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.miru import infer
from remora.golden.crossbar.weights import random_weights
from remora.golden.learning.dfa import DfaTrainer
from remora.golden.learning.trace import LearningReference, checksum
from remora.spec.crossbar.records import LEARN, READOUT, STEP
from remora.spec.lib.trace import read_trace
from tests.golden.designs import DESIGNS
from tests.golden.learning.test_dfa import random_sequence
from tests.spec.lib.traces import write_trace

GATES = Coefficients(180, 70)


def sequences(design, count: int):
    generator = np.random.default_rng(4)
    drawn = [random_sequence(design, generator) for _ in range(count)]
    features = np.zeros((count, design.network.max_steps, design.network.features), drawn[0][0].dtype)
    for index, (x, _) in enumerate(drawn):
        features[index, : len(x)] = x
    lengths, labels = np.array([len(x) for x, _ in drawn]), np.array([label for _, label in drawn])
    return features, lengths, labels, generator.random(count) < 0.6


@pytest.mark.parametrize("name", ["one", "tiny", "primes", "signed", "coarse"])
def test_records_are_those_of_trainer_and_inference(name, tmp_path):
    design = DESIGNS[name].evolve(learning={"enabled": True})
    features, lengths, labels, learn = sequences(design, 20)
    reference, trainer = (make(design, random_weights(design, 3), GATES) for make in (LearningReference, DfaTrainer))
    tags = np.arange(20)
    parts = [
        reference.advance(features[part], lengths[part], labels[part], learn[part], tags[part])
        for part in (slice(0, 7), slice(7, 20))
    ]
    records = {kind: np.concatenate([part.records[kind] for part in parts]) for kind in (STEP, READOUT, LEARN)}
    updates = []
    for index in range(20):
        x = features[index, : lengths[index]]
        expected = infer(design, trainer.weights, x[None], coefficients=GATES)
        np.testing.assert_array_equal(records[READOUT]["scores"][index], expected.scores[0])
        if learn[index]:
            updates.append((index, trainer.train_sequence(x, int(labels[index]))))
    assert len(updates) == len(records[LEARN]) == sum(part.sequences for part in parts) > 0
    assert len(records[STEP]) == lengths.sum()
    for (index, update), record in zip(updates, records[LEARN], strict=True):
        assert (record["sequence"], record["label"], record["applied"], record["dropped"]) == (
            index, labels[index], update.applied, update.dropped,
        )  # fmt: skip
        np.testing.assert_array_equal(record["error"], update.error)
        np.testing.assert_array_equal(record["feedback"], update.feedback)
    assert sum(part.applied for part in parts) == sum(update.applied for _, update in updates)
    assert records[LEARN]["accumulator_sum"][-1] == checksum(design, *trainer.accumulators)
    np.testing.assert_array_equal(reference.trainer.weights.hidden, trainer.weights.hidden)
    write_trace(tmp_path, design, records)
    np.testing.assert_array_equal(read_trace(tmp_path, design)[LEARN], records[LEARN])


def test_gradients_that_are_watched_make_the_update():
    """χ after the first update of a fresh trainer is minus the gradient, rounded, where nothing is pulsed."""
    design = DESIGNS["tiny"].evolve(learning={"enabled": True})
    trainer, seen = DfaTrainer(design, random_weights(design, 1), GATES), []
    x, label = random_sequence(design, np.random.default_rng(0))
    update = trainer.train_sequence(x, label, lambda *gradients: seen.append(gradients))
    (hidden, readout), learning = seen[0], design.learning
    words = infer(design, random_weights(design, 1), x[None], coefficients=GATES, record=True).record.readout_words[0]
    np.testing.assert_array_equal(readout, words[:, None].astype(np.int64) * update.error)
    assert (update.applied, update.dropped) == (0, 0)
    for gradient, shift, accumulators in zip(
        (hidden, readout), (learning.hidden_shift, learning.readout_shift), trainer.accumulators, strict=True
    ):
        np.testing.assert_array_equal(accumulators, -((gradient + (1 << shift >> 1)) >> shift))


def test_the_checksum_sees_every_change_and_every_exchange():
    design = DESIGNS["tiny"].evolve(learning={"enabled": True})
    generator = np.random.default_rng(2)
    shapes = (design.hidden_rows, design.network.hidden), (design.readout_rows, design.network.classes)
    layers = [generator.integers(-(2**20), 2**20, shape) for shape in shapes]
    whole = checksum(design, *layers)
    for layer in layers:
        for position in np.ndindex(layer.shape):
            layer[position] += 1 << 20
            assert checksum(design, *layers) != whole
            layer[position] -= 1 << 20
        assert checksum(design, *(each[::-1] for each in layers)) != whole
    assert checksum(design, *layers) == whole
