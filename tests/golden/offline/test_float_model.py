"""Gradients of the float network against finite differences, and DFA against its own definition."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from remora.golden.crossbar.weights import Weights, random_weights
from remora.golden.data.load import load
from remora.golden.learning.dfa import DfaTrainer
from remora.golden.learning.kernel.rules import feedback_matrix
from remora.golden.offline.float_model import FloatModel, to_float
from tests.golden.designs import make_design
from tests.golden.offline.float_training import train_float

DESIGN = make_design(
    network={"features": 3, "hidden": 4, "classes": 3, "max_steps": 5},
    cell={"lanes": 1, "reset_coefficient": 160, "update_coefficient": 80},
)


@pytest.fixture
def problem():
    generator = np.random.default_rng(5)
    small = random_weights(DESIGN, 5)
    model = FloatModel.of(DESIGN, Weights(small.hidden // 4, small.readout // 4), np.float64)
    return model, generator.random((6, 5, 3)), generator.integers(0, 3, 6)


def finite_differences(loss, weights, step=1e-6):
    gradient = np.zeros_like(weights)
    for position in np.ndindex(weights.shape):
        shifted = weights.copy()
        shifted[position] += step
        above = loss(shifted)
        shifted[position] -= 2 * step
        gradient[position] = (above - loss(shifted)) / (2 * step)
    return gradient


def test_bptt_gradient(problem):
    model, x, y = problem
    _, (hidden, readout) = model.bptt(x, y)
    assert np.abs(hidden).min(axis=1).max() > 1e-4
    np.testing.assert_allclose(
        hidden, finite_differences(lambda w: replace(model, hidden=w).bptt(x, y)[0], model.hidden), atol=1e-8
    )
    np.testing.assert_allclose(
        readout, finite_differences(lambda w: replace(model, readout=w).bptt(x, y)[0], model.readout), atol=1e-8
    )


def test_dfa_is_the_gradient_with_feedback_and_past_states_held(problem):
    """L = Σ_t f·c_t, where f and every h_{t-1} are those of the unchanged network."""
    model, x, _ = problem
    generator = np.random.default_rng(6)
    feedback, error = feedback_matrix(DESIGN) / 2, generator.normal(size=(6, 3))
    _, states, _ = model.forward(x, history=True)

    def loss(hidden):
        total = 0.0
        for t in range(5):
            candidate = np.tanh(x[:, t] @ hidden[:3] + model.reset * states[t] @ hidden[3:-1] + hidden[-1])
            total += np.sum((error @ feedback) * candidate)
        return total

    hidden, readout = model.dfa(x, feedback, error)
    np.testing.assert_allclose(hidden, finite_differences(loss, model.hidden), atol=1e-6)
    held = finite_differences(lambda w: np.sum(error * (states[-1] @ w[:-1] + w[-1])), model.readout)
    np.testing.assert_allclose(readout, held, atol=1e-7)


def test_the_integer_update_follows_the_float_dfa_gradient():
    """One sequence through the trainer: χ moves against the gradient of the float network, up to rounding."""
    design = make_design(
        network={"features": 8, "hidden": 16, "classes": 4, "max_steps": 12},
        learning={"hidden_shift": 2, "readout_shift": 0, "accumulator_level": 16000, "accumulator_bits": 24},
    )
    data, _ = load(design, "synthetic", train=1, test=1)
    small = random_weights(design, 3)
    weights = Weights(small.hidden // 16, small.readout // 8)
    trainer = DfaTrainer(design, weights)
    update = trainer.train_sequence(data.x[0], int(data.y[0]))
    moved = [
        chi + 16000 * (new - old)
        for chi, new, old in zip(
            trainer.accumulators,
            (trainer.weights.hidden, trainer.weights.readout),
            (weights.hidden, weights.readout),
            strict=True,
        )
    ]
    gradients = FloatModel.of(design, weights).dfa(
        to_float(design, data.x), feedback_matrix(design), update.error[None].astype(np.float32)
    )
    for chi, gradient, unit in zip(moved, gradients, (256 / 2 / 4, 256), strict=True):
        assert np.corrcoef(-chi.ravel(), gradient.ravel())[0, 1] > 0.999
        assert np.abs(chi + unit * gradient).max() < 0.05 * np.abs(unit * gradient).max()


def test_adam_lowers_the_loss():
    data, _ = load(DESIGN, "synthetic", train=90)
    x = to_float(DESIGN, data.x)
    losses = [model.bptt(x, data.y)[0] for model in train_float(DESIGN, data, 20, batch=20)]
    assert len(losses) == 20 and losses[-1] < 0.85 * losses[0]


def test_features_are_scaled_by_what_they_stand_for():
    signed = make_design(network={"feature_signed": True})
    assert to_float(signed, np.array([-128, 64], np.int8)).tolist() == [-1, 0.5]
    assert to_float(DESIGN, np.array([0, 128, 255], np.uint8)).tolist() == [0, 0.5, 255 / 256]
