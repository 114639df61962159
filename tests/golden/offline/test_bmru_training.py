"""Gradients of the BMRU network against finite differences of the smooth network; what a training keeps and reaches."""

from __future__ import annotations

from dataclasses import replace
from math import pi

import numpy as np
import pytest

from remora.golden.lib import bmru
from remora.golden.lib.bmru_network import BmruNetwork, NetworkError
from remora.golden.offline.bmru_gradient import (
    Parameters,
    Setting,
    loss_and_gradient,
    probabilities,
    step,
    surrogate,
    to_network,
)
from remora.golden.offline.bmru_training import Recipe, round_to_codes, train_bmru
from remora.golden.offline.descent import falling_rate
from remora.spec.bmru.design import BmruDesign
from tests.golden.lib.bmru_networks import random_network
from tests.golden.offline.test_float_model import finite_differences

SHORT = Recipe(seed=2, steps=150, batch=32, rate=1e-2, shift=2)


def to_parameters(network: BmruNetwork, dtype: type[np.floating] = np.float32) -> Parameters:
    """Copies of a network's arrays as training holds them."""
    arrays = network.arrays()
    named = {}
    for name, array in arrays.items():
        if name.endswith(".high"):
            name, array = f"{name.removesuffix('high')}hysteresis", array - arrays[f"{name.removesuffix('high')}low"]
        named[name] = array.astype(dtype)
    return named


def small_design(**network) -> BmruDesign:
    return BmruDesign(name="test", network={"features": 3, "width": 5} | network)


@pytest.mark.parametrize(
    ("width", "blocks", "epsilon", "leak", "dropped"),
    [(1, 1, 0.0, 0.0, False), (3, 2, 0.4, 0.05, True), (4, 2, 1.0, 0.2, False)],
)
def test_the_gradient_is_that_of_the_smooth_network(width, blocks, epsilon, leak, dropped):
    generator = np.random.default_rng(width)
    parameters = to_parameters(random_network(3, width, blocks, classes=3, seed=width + 5), np.float64)
    x, y = generator.normal(size=(6, 4, 3)), np.array([0, 2, 1, 1])
    masks = tuple((generator.random((4, width)) < 0.7) / 0.7 for _ in range(blocks)) if dropped else ()
    setting = Setting(epsilon, leak, smooth=True, masks=masks)
    _, gradient = loss_and_gradient(parameters, x, y, setting)
    assert gradient.keys() == parameters.keys() and max(np.abs(array).max() for array in gradient.values()) > 1e-3
    for name, array in parameters.items():
        expected = finite_differences(lambda a, n=name: loss_and_gradient(parameters | {n: a}, x, y, setting)[0], array)
        np.testing.assert_allclose(gradient[name], expected, atol=1e-7, err_msg=name)


def test_the_surrogate_is_the_derivative_of_the_smooth_step():
    z = np.linspace(-2, 2, 41)
    np.testing.assert_allclose((step(z + 1e-6, True) - step(z - 1e-6, True)) / 2e-6, surrogate(z), atol=1e-8)
    assert step(np.array([-1e-9, 0.0, 1.0]), False).tolist() == [0, 1, 1]


def test_training_runs_the_network_that_inference_runs():
    network = random_network(3, 5, seed=3)
    x, y = np.random.default_rng(0).normal(size=(4, 9, 3)), np.array([0, 1, 1, 0])
    loss, _ = loss_and_gradient(to_parameters(network, np.float64), x.transpose(1, 0, 2), y, Setting())
    outputs = bmru.run(network, x).outputs
    probability = np.exp(outputs) / np.exp(outputs).sum(axis=2, keepdims=True)
    assert loss == pytest.approx(-np.log(probability[np.arange(4), :, y]).mean())
    for name, array in to_network(to_parameters(network, np.float64)).arrays().items():
        np.testing.assert_allclose(array, network.arrays()[name], atol=1e-15)


def remembered(count: int, seed: int):
    """Class 1 where an early pulse on the first feature is long gone: only memory can tell."""
    generator = np.random.default_rng(seed)
    x, y = generator.normal(size=(count, 24, 3)) * 0.2, np.arange(count) % 2
    x[y == 1, 2:5, 0] += 2
    return x, y


@pytest.fixture(scope="module")
def trained():
    return train_bmru(small_design(), SHORT, *remembered(200, 1))


def test_a_training_learns_to_remember(trained):
    x, y = remembered(100, 2)
    assert np.mean(bmru.decide(trained, x) == y) > 0.95
    assert np.mean(bmru.run(trained, x).frame_classes[:, -1] == y) > 0.9


def test_a_training_repeats_and_ends_on_codes(trained):
    again = train_bmru(small_design(), SHORT, *remembered(200, 1))
    for name, array in trained.arrays().items():
        np.testing.assert_array_equal(array, again.arrays()[name])
        scaled = array * (32 if name.endswith("weight") else 100)
        np.testing.assert_allclose(scaled, np.rint(scaled), atol=1e-4, err_msg=name)
    other = train_bmru(small_design(), replace(SHORT, steps=2, seed=3), *remembered(200, 1))
    assert other.arrays()["input.weight"].tolist() != again.arrays()["input.weight"].tolist()


def test_the_gradient_towards_targets_is_that_of_the_smooth_network():
    generator = np.random.default_rng(3)
    parameters = to_parameters(random_network(3, 4, 2, classes=3, seed=6), np.float64)
    x, targets = generator.normal(size=(6, 4, 3)), generator.dirichlet(np.ones(3), size=(6, 4))
    arguments = (x, np.zeros(4, int), Setting(0.3, 0.1, smooth=True), targets)
    _, gradient = loss_and_gradient(parameters, *arguments)
    for name, array in parameters.items():
        expected = finite_differences(lambda a, n=name: loss_and_gradient(parameters | {n: a}, *arguments)[0], array)
        np.testing.assert_allclose(gradient[name], expected, atol=1e-7, err_msg=name)


def test_targets_that_are_certain_are_labels():
    parameters = to_parameters(random_network(3, 5, seed=4), np.float64)
    x, y = np.random.default_rng(1).normal(size=(7, 6, 3)), np.array([0, 1, 1, 0, 1, 0])
    (loss, gradient), certain = loss_and_gradient(parameters, x, y, Setting()), np.tile(np.eye(2)[y], (7, 1, 1))
    other, same = loss_and_gradient(parameters, x, 1 - y, Setting(), certain)
    assert loss == pytest.approx(other) and all(np.allclose(gradient[name], same[name]) for name in gradient)
    found = probabilities(parameters, x)
    assert found.shape == (7, 6, 2) and np.allclose(found.sum(axis=2), 1) and found.min() > 0


def test_a_teacher_teaches():
    x, y = remembered(200, 1)
    calls, recipe = [], replace(SHORT, teacher_width=8)
    taught = train_bmru(small_design(), recipe, x, y, calls.append)
    assert len(calls) == 2 * SHORT.steps and recipe.cost == 2 * SHORT.cost and recipe.of_teacher.seed != recipe.seed
    unseen, labels = remembered(100, 2)
    assert np.mean(bmru.decide(taught, unseen) == labels) > 0.95
    alone = train_bmru(small_design(), SHORT, x, y)
    assert (alone.input.weight != taught.input.weight).any()


def balanced(right, y) -> float:
    return (right[y == 1].mean() + right[y == 0].mean()) / 2


def test_of_several_trials_the_one_that_decides_best_is_kept():
    x, y = remembered(60, 4)
    # Two of three have a wrong label, so that comparing them too would choose another.
    y[np.arange(60) % 3 > 0] ^= 1
    calls, recipe = [], replace(SHORT, steps=40, trials=3)
    kept = train_bmru(small_design(), recipe, x, y, calls.append, compared=slice(0, None, 3))
    assert len(calls) == 3 * recipe.steps and 3 * recipe.of_trial(0).cost == recipe.cost
    alone = [train_bmru(small_design(), recipe.of_trial(number), x, y) for number in range(3)]
    scores, everywhere = (
        [balanced(bmru.decide(one, x[part]) == y[part], y[part]) for one in alone]
        for part in (slice(0, None, 3), slice(None))
    )
    assert len(set(scores)) == 3 and np.argmax(scores) != np.argmax(everywhere) and np.argmax(scores) > 0
    best = alone[int(np.argmax(scores))]
    assert all((array == best.arrays()[name]).all() for name, array in kept.arrays().items())
    assert recipe.of_trial(0).seed == recipe.seed and len({recipe.of_trial(number).seed for number in range(3)}) == 3
    with pytest.raises(NetworkError, match=r"3 trials are compared on sequences of class \[\d\] alone; class 1 and"):
        train_bmru(small_design(), recipe, x, y, compared=slice(0, 1))


def test_all_trials_have_one_teacher():
    calls, recipe = [], replace(SHORT, steps=3, trials=2, teacher_width=8)
    train_bmru(small_design(), recipe, *remembered(40, 1), calls.append)
    assert len(calls) * recipe.batch == recipe.cost == 3 * 3 * recipe.batch


def test_narrow_networks_have_a_teacher_and_no_dropout_and_are_the_best_of_three():
    narrow, wide = (Recipe.of(small_design(width=width), 4) for width in (7, 8))
    assert (narrow.dropout, narrow.teacher_width, wide.dropout, wide.teacher_width) == (0, 16, 0.1, 0)
    assert (narrow.steps, wide.steps) == (2000, 3000) and (narrow.trials, wide.trials) == (3, 1)
    assert narrow.cost == 4 * 2000 * 128 and narrow.of_teacher.trials == 1
    assert narrow.seed == 4 and narrow.of_teacher.dropout == 0.1 and narrow.of_teacher.teacher_width == 0
    assert Recipe.of(small_design(width=7), teacher_width=0, trials=1, steps=5).cost == 5 * 128


def test_a_training_may_leave_the_codes_aside():
    calls = []
    free = train_bmru(
        small_design(), replace(SHORT, steps=5, quantise_from=2, dropout=0), *remembered(50, 1), calls.append
    )
    scaled = free.arrays()["input.weight"] * 32
    assert np.abs(scaled - np.rint(scaled)).max() > 0.1 and calls == [1] * 5


def test_rounding_keeps_within_half_a_step():
    design = small_design()
    parameters = to_parameters(random_network(3, 5, seed=8))
    for name, rounded in round_to_codes(design, parameters).items():
        step_size = 1 / 32 if name.endswith("weight") else 0.01
        assert np.abs(rounded - parameters[name]).max() <= step_size / 2 + 1e-6


def test_epsilon_and_rate_fall():
    recipe = Recipe(epsilon_hold=0.05, epsilon_end=0.7)
    assert [recipe.epsilon(at / 1000) for at in (0, 50, 700, 999)] == [1, 1, 0, 0]
    assert recipe.epsilon(0.375) == pytest.approx(0.5)
    assert falling_rate(1, 0) == 1 and falling_rate(1, pi * 0.999) < 1e-5


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.zeros((4, 5, 2)), np.array([0, 1, 0, 1]), "does not fit"),
        (np.zeros((4, 5, 3)), np.array([0, 1, 0]), "does not fit"),
        (np.zeros((4, 5, 3)), np.zeros(4, int), "needs class 1"),
        (np.zeros((4, 5, 3)), np.array([0, 1, 2, 1]), "needs class 1"),
    ],
)
def test_data_that_does_not_fit_is_refused(x, y, message):
    with pytest.raises(NetworkError, match=message):
        train_bmru(small_design(), SHORT, x, y)
