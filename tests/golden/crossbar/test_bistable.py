"""Inference with bistable cells against the scalar reading, value by value; and what thresholds are legal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import remora.golden.crossbar.bistable
from remora.golden.crossbar.inference import infer
from remora.golden.crossbar.miru import Saturations, trace_records
from remora.golden.crossbar.weights import Weights, initial_weights, random_weights
from remora.golden.learning.checkpoint import Checkpoint, CheckpointError, load_checkpoint, save_checkpoint
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.records import READOUT, STEP
from remora.spec.lib.trace import read_trace, record_types
from tests.golden.crossbar.test_miru import ragged_lengths, random_features
from tests.golden.designs import DESIGNS, make_design
from tests.golden.scalar_bistable import run_sequence
from tests.spec.lib.traces import write_trace

CELLS = {name: design.evolve(cell={"kind": "bmru"}) for name, design in DESIGNS.items()}
CELLS["wide"] = make_design(
    network={"features": 3, "hidden": 100, "classes": 4, "max_steps": 4},
    cell={"kind": "bmru"},
    formats={"adc_bits": 5, "adc_range_log2": 1},
    crossbar={"levels": 16, "rows": 60},
)
"""Whose readout is shifted and saturates."""


@pytest.fixture(params=CELLS, ids=str)
def cells(request) -> DesignPoint:
    return CELLS[request.param]


def assert_agrees(design, weights, features, lengths=None) -> np.ndarray:
    """Compare every recorded value of every sequence; all states."""
    result = infer(design, weights, features, lengths, record=True)
    adc = codes = compared = 0
    for i, length in enumerate(np.full(len(features), features.shape[1]) if lengths is None else lengths):
        expected = run_sequence(design, weights.hidden, weights.readout, weights.thresholds, features[i, :length])
        for t, step in enumerate(expected["steps"]):
            for name, values in step.items():
                found = getattr(result.record, name)[i, t]
                np.testing.assert_array_equal(found, values, f"sequence {i}, step {t}, {name}")
                compared += 1
        np.testing.assert_array_equal(result.record.readout_words[i], expected["words"])
        np.testing.assert_array_equal(result.record.readout_codes[i], expected["codes"])
        np.testing.assert_array_equal(result.scores[i], expected["scores"])
        assert result.decision[i] == expected["decision"]
        adc += expected["adc"]
        codes += np.size(expected["codes"])
    assert compared and result.saturations == Saturations(adc, 0, codes)
    return result.record.state


def test_agrees_with_the_scalar_reference(cells):
    sequences = 2 if cells.hidden_rows > 100 else 12
    assert_agrees(cells, random_weights(cells, 3), random_features(cells, sequences))
    assert_agrees(cells, random_weights(cells, 4), random_features(cells, sequences), ragged_lengths(cells, sequences))


def test_cells_set_reset_and_hold_in_what_is_compared():
    design = CELLS["primes"]
    weights = random_weights(design, 3)
    states = assert_agrees(design, weights, random_features(design, 40))
    changed = states[:, 1:] - states[:, :-1]
    assert (changed == 1).any() and (changed == -1).any()
    low, high = weights.thresholds
    candidate = np.maximum(infer(design, weights, random_features(design, 40), record=True).record.sums, 0)
    between = (candidate > low) & (candidate < high)
    assert (states[between] == 1).any() and (states[between] == 0).any()


@pytest.mark.parametrize(("low", "high", "expected"), [(-1, 0, 1), (-5, -2, 1), (0, 1, 0), (-1, 9, 0)])
def test_thresholds_at_and_below_zero(low, high, expected):
    """A sum below 0 is rectified to 0: it sets at a high threshold of 0 or less, and resets at a low one of 0."""
    design = CELLS["one"]
    weights = Weights(np.full((2, 1), -5, np.int16), np.ones((2, 1), np.int16), np.array([[low], [high]], np.int32))
    states = assert_agrees(design, weights, np.full((1, 1, 1), 9, np.uint8))
    assert states.tolist() == [[[expected]]]


def test_a_code_of_the_readout_saturates_and_is_counted():
    design = CELLS["wide"]
    result = infer(design, random_weights(design, 1), random_features(design, 20))
    assert result.saturations.adc > 0 and design.readout_adc_shift > 0


def test_batches_do_not_mix(monkeypatch):
    design = CELLS["tiny"]
    weights, features, lengths = random_weights(design, 5), random_features(design, 11), ragged_lengths(design, 11)
    whole = infer(design, weights, features, lengths, record=True)
    monkeypatch.setattr(remora.golden.crossbar.bistable, "BATCH", 4)
    parts = infer(design, weights, features, lengths, record=True)
    for name in ("words", "sums", "state", "readout_words", "readout_codes"):
        np.testing.assert_array_equal(getattr(whole.record, name), getattr(parts.record, name))
    assert whole.saturations == parts.saturations


def test_trace_records_survive_the_disk(cells, tmp_path):
    lengths = ragged_lengths(cells, 3)
    result = infer(cells, random_weights(cells, 8), random_features(cells, 3), lengths, record=True)
    records = trace_records(cells, result, tags=np.arange(3))
    assert {kind: array.dtype for kind, array in records.items()} == {
        k: record_types(cells)[k] for k in (STEP, READOUT)
    }
    write_trace(tmp_path, cells, records)
    found = read_trace(tmp_path, cells)
    np.testing.assert_array_equal(
        found[STEP]["sums"], np.concatenate([s[:n] for s, n in zip(result.record.sums, lengths, strict=True)])
    )
    assert not infer(cells, random_weights(cells, 8), random_features(cells, 0), record=True).scores.size


@pytest.mark.parametrize(
    ("thresholds", "message"),
    [
        (None, 'cell.kind = "bmru" needs thresholds of shape'),
        (np.zeros((2, 3), np.int32), r"shape \(2, 3\); expected integers of shape \(2, 7\)"),
        (np.zeros((2, 7)), "thresholds are float64"),
        (np.full((2, 7), 1 << 25, np.int32), "legal is -47431…47431"),
        (np.array([[0] * 7, [0] * 6 + [-3]], np.int32), "unit 6 are low 0, high -3; low must not be above high"),
    ],
)  # fmt: skip
def test_bad_thresholds_are_refused(thresholds, message):
    design = CELLS["tiny"]
    with pytest.raises(ValueError, match=message):
        replace(initial_weights(design), thresholds=thresholds).check(design)


def test_thresholds_of_another_cell_are_refused():
    design = DESIGNS["tiny"]
    with pytest.raises(ValueError, match="thresholds belong to bistable cells"):
        replace(initial_weights(design), thresholds=np.zeros((2, 7), np.int32)).check(design)


def test_checkpoints_hold_thresholds(tmp_path):
    design = CELLS["tiny"]
    weights = random_weights(design, 2)
    save_checkpoint(tmp_path / "a.npz", design, Checkpoint.of(design, weights, {"note": 1}))
    found = load_checkpoint(tmp_path / "a.npz", design)
    np.testing.assert_array_equal(found.weights.thresholds, weights.thresholds)
    assert found.metadata == {"note": 1}
    content = dict(np.load(tmp_path / "a.npz"))
    del content["thresholds"]
    np.savez(tmp_path / "b.npz", **content)
    with pytest.raises(CheckpointError, match="needs thresholds"):
        load_checkpoint(tmp_path / "b.npz", design)
