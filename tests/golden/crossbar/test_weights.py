"""Weights: how they start and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from remora.golden.crossbar.weights import Weights, initial_weights, random_weights
from tests.golden.designs import DESIGNS, make_design


def test_initial_weights_fit_every_design(design):
    weights = initial_weights(design).check(design)
    assert not weights.hidden[-1].any() and not weights.readout[-1].any()


def test_initial_weights_have_their_spread():
    design = make_design(
        network={"features": 28, "hidden": 400, "classes": 10},
        crossbar={"levels": 128, "level_bits": 8},
        formats={"adc_range_log2": 2},
    )
    weights = initial_weights(design)
    inputs, recurrent = weights.hidden[:28] / 256, weights.hidden[28:-1] / 256
    assert np.abs(inputs).max() == pytest.approx(1 / np.sqrt(28), abs=1 / 256)
    assert inputs.std() == pytest.approx(1 / np.sqrt(3 * 28), rel=0.03)
    assert recurrent.std() == pytest.approx(0.5 / np.sqrt(400), rel=0.03) and abs(recurrent.mean()) < 1e-3
    assert weights.readout[:-1].std() / 256 == pytest.approx(1 / np.sqrt(3 * 400), rel=0.03)


def test_initial_weights_depend_on_the_seed_only():
    first, same, other = (initial_weights(make_design(learning={"seed": seed})) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.hidden, same.hidden)
    assert (first.hidden != other.hidden).mean() > 0.5 and (first.readout != other.readout).mean() > 0.5


def test_random_weights_reach_every_level():
    weights = random_weights(DESIGNS["mnist"], 1)
    levels, counts = np.unique(weights.hidden, return_counts=True)
    assert levels.tolist() == list(range(-31, 32))
    assert counts.std() / counts.mean() < 0.15
    assert not np.array_equal(weights.hidden, random_weights(DESIGNS["mnist"], 2).hidden)


@pytest.mark.parametrize(
    ("hidden", "readout", "message"),
    [
        (
            np.zeros((12, 7), int),
            np.zeros((8, 3), int),
            r"hidden weights have shape \(12, 7\); the design point needs \(13, 7\)",
        ),
        (np.zeros((13, 7), int), np.zeros((3, 8), int), r"readout weights have shape \(3, 8\)"),
        (np.zeros((13, 7)), np.zeros((8, 3), int), "hidden weights are float64; they must be integer levels"),
        (np.full((13, 7), 32), np.zeros((8, 3), int), "hidden weights span 32…32; legal levels are -31…31"),
        (np.zeros((13, 7), int), np.full((8, 3), -32), "readout weights span -32…-32"),
        ([[0]], np.zeros((8, 3), int), "hidden weights are list"),
    ],
)
def test_weights_that_do_not_fit_are_refused(tiny, hidden, readout, message):
    with pytest.raises(ValueError, match=message):
        Weights(hidden, readout).check(tiny)
