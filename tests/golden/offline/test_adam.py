"""The optimiser against its equations, number by number; weight decay beside the gradient, not within it."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from remora.golden.offline.adam import Adam


@pytest.mark.parametrize("decay", [0.0, 0.3])
def test_steps_are_those_of_the_papers(decay):
    generator = np.random.default_rng(1)
    array, start = np.array([0.7, -1.2]), [0.7, -1.2]
    gradients = generator.normal(size=(6, 2))
    optimiser = Adam([array], 0.1, [decay])
    for number, gradient in enumerate(gradients):
        optimiser.step([gradient], 0.1 / (1 + number))
    for position, value in enumerate(start):
        mean = square = 0.0
        for number, gradient in enumerate(gradients[:, position].tolist(), start=1):
            rate = 0.1 / number
            mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
            step = (mean / (1 - 0.9**number)) / (sqrt(square / (1 - 0.999**number)) + 1e-8)
            value = value - rate * decay * value - rate * step
        assert array[position] == pytest.approx(value, rel=1e-12)


def test_weights_without_a_gradient_decay_alone():
    shrinks, stays = np.array([2.0]), np.array([2.0])
    optimiser = Adam([shrinks, stays], 0.5, [0.1, 0.0])
    optimiser.step([np.zeros(1), np.zeros(1)])
    assert (shrinks[0], stays[0]) == (pytest.approx(2 * (1 - 0.5 * 0.1)), 2.0)
