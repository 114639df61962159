"""A readout at every step: each is that of a sequence which ends there, as the scalar reading has it, and the steps are
those of a design that reads out the last one alone. Rule O4."""

from __future__ import annotations

import numpy as np
import pytest

import remora.golden.crossbar.miru
from remora.golden.crossbar.bistable import infer as infer_bistable
from remora.golden.crossbar.inference import infer
from remora.golden.crossbar.miru import Coefficients, Saturations, trace_records
from remora.golden.crossbar.weights import random_weights
from remora.golden.learning.trace import LearningReference
from remora.spec.crossbar.records import LEARN, READOUT, STEP
from tests.golden import scalar_bistable, scalar_miru
from tests.golden.crossbar.test_miru import ragged_lengths, random_features
from tests.golden.designs import DESIGNS

NAMES = ("one", "tiny", "primes", "signed", "coarse")
GATES = Coefficients(256, 200)


def every(design):
    return design.evolve(network={"readout": "every"})


def scalar(design, weights, features):
    """The scalar reading of one sequence."""
    if design.capabilities.bistable:
        return scalar_bistable.run_sequence(design, weights.hidden, weights.readout, weights.thresholds, features)
    return scalar_miru.run_sequence(design, weights.hidden, weights.readout, features, GATES.reset, GATES.update)


@pytest.mark.parametrize("kind", ["miru", "bmru"])
@pytest.mark.parametrize("name", NAMES)
def test_every_readout_is_that_of_a_sequence_that_ends_there(name, kind):
    design = DESIGNS[name].evolve(cell={"kind": kind})
    weights, features, lengths = random_weights(design, 3), random_features(design, 9), ragged_lengths(design, 9)
    found = infer(every(design), weights, features, lengths, GATES, record=True)
    adc = words = compared = 0
    for index, length in enumerate(lengths):
        for step in range(length):
            expected = scalar(design, weights, features[index, : step + 1])
            np.testing.assert_array_equal(found.step_scores[index, step], expected["scores"])
            np.testing.assert_array_equal(found.record.readout_words[index, step], expected["words"])
            np.testing.assert_array_equal(found.record.readout_codes[index, step], expected["codes"])
            compared += 1
        np.testing.assert_array_equal(found.scores[index], found.step_scores[index, length - 1])
        assert found.decision[index] == expected["decision"]
        adc, words = adc + expected["adc"], words + expected.get("limited", 0)
    last = infer(design, weights, features, lengths, GATES, record=True)
    assert compared == lengths.sum() and last.step_scores is None
    assert last.saturations == Saturations(adc, words, last.saturations.codes)
    # The steps are the same, and every further readout counts besides.
    for value in ("words", "state"):
        np.testing.assert_array_equal(getattr(found.record, value), getattr(last.record, value))
    np.testing.assert_array_equal(found.scores, last.scores)
    running = np.arange(features.shape[1]) < lengths[:, None]
    limit = design.formats.adc_limit
    further = [int((np.abs(each.record.readout_codes) == limit).sum()) for each in (found, last)]
    assert found.saturations.adc - last.saturations.adc == further[0] - further[1] >= 0
    assert not found.step_scores[~running].any() and not found.record.readout_words[~running].any()


def test_words_that_saturate_count_at_every_readout():
    """Recurrent ones at all steps but the last, those of the readout at all of them."""
    design = DESIGNS["tiny"]
    weights, features = random_weights(design, 3), random_features(design, 12)
    found = infer(every(design), weights, features, coefficients=GATES, record=True)
    overflow = (design.formats.stream_limit + 1 << design.formats.readout_word_shift) - (
        1 << design.formats.readout_word_shift >> 1
    )
    large = np.abs(found.record.state.astype(np.int64)) >= overflow
    # With the gate at 1 a recurrent word saturates where that of the readout does.
    assert found.saturations.words == int(large.sum() + large[:, :-1].sum()) > 0


def test_batches_do_not_mix(monkeypatch):
    for kind in ("miru", "bmru"):
        design = every(DESIGNS["tiny"].evolve(cell={"kind": kind}))
        weights, features, lengths = random_weights(design, 5), random_features(design, 11), ragged_lengths(design, 11)
        whole = infer(design, weights, features, lengths, record=True)
        monkeypatch.setattr(remora.golden.crossbar.miru, "BATCH", 4)
        monkeypatch.setattr(remora.golden.crossbar.bistable, "BATCH", 4)
        parts = infer(design, weights, features, lengths, record=True)
        plain = infer(design, weights, features, lengths)
        np.testing.assert_array_equal(whole.record.readout_words, parts.record.readout_words)
        for other in (parts, plain):
            np.testing.assert_array_equal(whole.step_scores, other.step_scores)
            assert whole.saturations == other.saturations
        monkeypatch.undo()


@pytest.mark.parametrize("kind", ["miru", "bmru"])
def test_a_record_a_step(kind):
    design = every(DESIGNS["primes"].evolve(cell={"kind": kind}))
    weights, features, lengths = random_weights(design, 5), random_features(design, 7), ragged_lengths(design, 7)
    found = infer(design, weights, features, lengths, record=True)
    records = trace_records(design, found, np.arange(7), first_sequence=10)
    readouts = records[READOUT]
    assert len(readouts) == len(records[STEP]) == lengths.sum()
    for name in ("sequence", "step"):
        np.testing.assert_array_equal(readouts[name], records[STEP][name])
    np.testing.assert_array_equal(readouts["tag"], readouts["sequence"] - 10)
    np.testing.assert_array_equal(readouts["decision"], readouts["scores"].argmax(axis=1))
    assert not infer_bistable(design, weights, features[:0]).scores.size if kind == "bmru" else True


@pytest.mark.parametrize("name", ["one", "tiny", "primes"])
def test_learning_takes_the_last_step(name):
    """Updates and weights are those of a design that reads out the last step alone; the other readouts are recorded."""
    plain = DESIGNS[name].evolve(learning={"enabled": True, "hidden_shift": 4, "replay_capacity": 3})
    random = np.random.default_rng(4)
    features, lengths = random_features(plain, 16), ragged_lengths(plain, 16)
    labels, learn = random.integers(0, plain.network.classes, 16), random.random(16) < 0.6
    both = [LearningReference(design, random_weights(plain, 3), GATES) for design in (plain, every(plain))]
    last, found = (each.advance(features, lengths, labels, learn, np.arange(16)) for each in both)
    np.testing.assert_array_equal(last.records[LEARN], found.records[LEARN])
    np.testing.assert_array_equal(both[0].trainer.weights.hidden, both[1].trainer.weights.hidden)
    assert (last.applied, last.replayed) == (found.applied, found.replayed)
    readouts, steps = found.records[READOUT], found.records[STEP]
    assert len(readouts) == len(steps) >= len(last.records[READOUT]) > 16
    ends = np.append(np.diff(readouts["sequence"]) != 0, True)
    for field in ("words", "codes", "scores", "decision", "step", "tag"):
        np.testing.assert_array_equal(readouts[field][ends], last.records[READOUT][field])
    np.testing.assert_array_equal(found.scores, last.scores)
    for index, length in enumerate(lengths):
        np.testing.assert_array_equal(found.step_scores[index, length - 1], last.scores[index])
        assert not found.step_scores[index, length:].any()
    # Those of a new sequence, not of its replays.
    new = {int(s): readouts["scores"][readouts["sequence"] == s] for s in np.unique(readouts["sequence"])}
    assert all(
        any(np.array_equal(found.step_scores[index, :length], scores) for scores in new.values())
        for index, length in enumerate(lengths)
    )
