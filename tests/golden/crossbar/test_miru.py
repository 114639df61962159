"""Inference against the scalar reading of the design document, value by value."""

from __future__ import annotations

import numpy as np
import pytest

import remora.golden.crossbar.miru
from remora.golden.crossbar.miru import Coefficients, Saturations, infer, trace_records
from remora.golden.crossbar.weights import Weights, initial_weights, random_weights
from remora.spec.crossbar.records import READOUT, STEP
from remora.spec.lib.trace import read_trace, record_types
from tests.golden.designs import DESIGNS
from tests.golden.scalar_miru import bias_codes, driven, run_sequence
from tests.spec.lib.traces import write_trace

GATES = [None, Coefficients(256, 256), Coefficients(0, 0), Coefficients(201, 77), Coefficients(255, 1)]


def random_features(design, sequences: int, seed: int = 1, steps: int | None = None):
    """Bytes with the extremes over-represented, so that words and codes reach their limits."""
    generator = np.random.default_rng(seed)
    shape = (sequences, steps or design.network.max_steps, design.network.features)
    low, high, dtype = (-128, 127, np.int8) if design.network.feature_signed else (0, 255, np.uint8)
    values = generator.integers(low, high + 1, shape)
    return np.where(generator.random(shape) < 0.2, generator.choice([low, low + 1, high], shape), values).astype(dtype)


def ragged_lengths(design, sequences: int):
    return np.array([(5 * i + 3) % design.network.max_steps + 1 for i in range(sequences)])


def assert_agrees(design, weights, features, lengths, gates) -> Saturations:
    """Compare every recorded value of every sequence; the saturations that were seen."""
    result = infer(design, weights, features, lengths, gates, record=True)
    gates = gates or Coefficients.of(design)
    digital = design.crossbar.bias == "digital"
    added = [bias_codes(design, rows[-1].tolist()) if digital else None for rows in (weights.hidden, weights.readout)]
    adc = words = codes = compared = 0
    for i, length in enumerate(np.full(len(features), features.shape[1]) if lengths is None else lengths):
        expected = run_sequence(
            design, weights.hidden, weights.readout, features[i, :length], gates.reset, gates.update,
            added=added, gains=(gates.hidden_gain, gates.readout_gain),
        )  # fmt: skip
        for t, step in enumerate(expected["steps"]):
            for name, values in (step | {"words": driven(design, step["words"])}).items():
                np.testing.assert_array_equal(
                    getattr(result.record, name)[i, t], values, f"sequence {i}, step {t}, {name}"
                )
                compared += 1
        np.testing.assert_array_equal(result.record.readout_words[i], driven(design, expected["words"]))
        np.testing.assert_array_equal(result.record.readout_codes[i], expected["codes"])
        np.testing.assert_array_equal(result.scores[i], expected["scores"])
        assert result.decision[i] == expected["decision"]
        adc, words = adc + expected["adc"], words + expected["limited"]
        codes += sum(np.size(step["codes"]) for step in expected["steps"]) + np.size(expected["codes"])
    assert compared
    assert result.saturations == Saturations(adc, words, codes)
    return result.saturations


@pytest.mark.parametrize("gates", GATES, ids=str)
def test_agrees_with_the_scalar_reference(design, gates):
    sequences = 2 if design.hidden_rows > 100 else 12
    assert_agrees(design, random_weights(design, 3), random_features(design, sequences), None, gates)


def test_agrees_when_lengths_differ(design):
    sequences = 2 if design.hidden_rows > 100 else 12
    lengths = ragged_lengths(design, sequences)
    assert_agrees(design, random_weights(design, 4), random_features(design, sequences), lengths, None)


def test_saturations_occur_in_what_is_compared(tiny):
    seen = assert_agrees(tiny, random_weights(tiny, 3), random_features(tiny, 12), None, Coefficients(256, 256))
    assert seen.adc > 0 and seen.words > 0


def test_double_precision_is_chosen_where_single_is_too_narrow():
    design = DESIGNS["double"]
    levels = np.full((design.hidden_rows, 3), design.crossbar.weight_limit, np.int16)
    levels[::2] = -design.crossbar.weight_limit  # sums far beyond 2**24 cancel to a few units
    weights = Weights(levels, random_weights(design, 1).readout)
    features = np.full((1, 2, 600), 255, np.uint8)
    features[..., 0] = 254
    assert_agrees(design, weights, features, None, None)


def test_batches_do_not_mix(monkeypatch, tiny):
    weights, features = random_weights(tiny, 5), random_features(tiny, 11)
    lengths = ragged_lengths(tiny, 11)
    whole = infer(tiny, weights, features, lengths, record=True)
    monkeypatch.setattr(remora.golden.crossbar.miru, "BATCH", 4)
    parts = infer(tiny, weights, features, lengths, record=True)
    for name in ("words", "codes", "code", "candidate", "state", "readout_words", "readout_codes"):
        np.testing.assert_array_equal(getattr(whole.record, name), getattr(parts.record, name))
    unrecorded = infer(
        tiny, weights, features, lengths
    )  # its words share one buffer, which must not leak into the next batch
    for other in (parts, unrecorded):
        np.testing.assert_array_equal(whole.scores, other.scores)
        assert whole.saturations == other.saturations


def test_recording_changes_nothing(design):
    features, weights = random_features(design, 3), random_weights(design, 6)
    gates = Coefficients(256, 200)
    plain, recorded = (infer(design, weights, features, coefficients=gates, record=record) for record in (False, True))
    np.testing.assert_array_equal(plain.scores, recorded.scores)
    assert plain.saturations == recorded.saturations and plain.record is None


def test_what_lies_beyond_a_sequence_is_ignored_and_recorded_as_zero(tiny):
    weights, features, lengths = random_weights(tiny, 7), random_features(tiny, 8), ragged_lengths(tiny, 8)
    changed = features.copy()
    changed[np.arange(tiny.network.max_steps) >= lengths[:, None]] ^= 255
    assert not np.array_equal(changed, features)
    first, second = (infer(tiny, weights, x, lengths, record=True) for x in (features, changed))
    np.testing.assert_array_equal(first.scores, second.scores)
    beyond = np.arange(tiny.network.max_steps) >= lengths[:, None]
    for name in ("words", "codes", "code", "candidate", "state"):
        np.testing.assert_array_equal(getattr(first.record, name), getattr(second.record, name))
        assert not getattr(first.record, name)[beyond].any()


def test_ties_go_to_the_lower_class(tiny):
    weights = Weights(random_weights(tiny, 1).hidden, np.zeros((8, 3), np.int16))
    assert infer(tiny, weights, random_features(tiny, 4)).decision.tolist() == [0, 0, 0, 0]


def test_no_sequences_give_no_scores(tiny):
    result = infer(tiny, initial_weights(tiny), np.zeros((0, 9, 5), np.uint8))
    assert result.scores.shape == (0, 3) and result.saturations == Saturations()


def test_trace_records_survive_the_disk(tiny, tmp_path):
    lengths = ragged_lengths(tiny, 6)
    result = infer(tiny, random_weights(tiny, 8), random_features(tiny, 6), lengths, record=True)
    write_trace(tmp_path, tiny, trace_records(tiny, result, tags=np.arange(6) + 40, first_sequence=100))
    trace = read_trace(tmp_path, tiny)
    assert len(trace[STEP]) == lengths.sum() and len(trace[READOUT]) == 6
    assert trace[STEP]["sequence"].tolist() == [100 + i for i, n in enumerate(lengths) for _ in range(n)]
    assert trace[STEP]["step"].tolist() == [t for n in lengths for t in range(n)]
    last = np.cumsum(lengths) - 1
    for name in ("words", "codes", "code", "candidate", "state"):
        np.testing.assert_array_equal(trace[STEP][name][last], getattr(result.record, name)[np.arange(6), lengths - 1])
    assert trace[READOUT]["tag"].tolist() == list(range(40, 46))
    assert trace[READOUT]["step"].tolist() == (lengths - 1).tolist()
    np.testing.assert_array_equal(trace[READOUT]["scores"], result.scores)
    np.testing.assert_array_equal(trace[READOUT]["decision"], result.decision)
    assert not trace[STEP]["cycle"].any() and not trace[READOUT]["context"].any()


def test_trace_records_fit_every_design(design):
    result = infer(design, random_weights(design, 9), random_features(design, 2), record=True)
    records = trace_records(design, result)
    assert {kind: array.dtype for kind, array in records.items()} == {
        k: record_types(design)[k] for k in (STEP, READOUT)
    }
    assert records[STEP]["state"].any() or design.name == "one"


def test_trace_needs_a_record(tiny):
    with pytest.raises(ValueError, match="record=True"):
        trace_records(tiny, infer(tiny, initial_weights(tiny), random_features(tiny, 1)))


@pytest.mark.parametrize(
    ("features", "lengths", "message"),
    [
        (np.zeros((1, 9, 5), np.int64), None, "features are int64; this design point takes uint8"),
        (np.zeros((1, 9, 4), np.uint8), None, r"shape \(1, 9, 4\); expected \(sequences, 1…9 steps, 5 features\)"),
        (np.zeros((1, 10, 5), np.uint8), None, "1…9 steps"),
        (np.zeros((1, 0, 5), np.uint8), None, "1…9 steps"),
        (np.zeros((9, 5), np.uint8), None, r"shape \(9, 5\)"),
        (np.zeros((2, 9, 5), np.uint8), [9], "one for each of 2 sequences"),
        (np.zeros((2, 9, 5), np.uint8), [9, 10], "lengths span 9…10; legal is 1…9"),
        (np.zeros((2, 9, 5), np.uint8), [0, 9], "legal is 1…9"),
    ],
)
def test_bad_sequences_are_refused(tiny, features, lengths, message):
    with pytest.raises(ValueError, match=message):
        infer(tiny, initial_weights(tiny), features, lengths)


@pytest.mark.parametrize(("reset", "update"), [(-1, 0), (257, 0), (0, -1), (0, 257)])
def test_coefficients_out_of_range_are_refused(reset, update):
    with pytest.raises(ValueError, match="must be in 0…256"):
        Coefficients(reset, update)
