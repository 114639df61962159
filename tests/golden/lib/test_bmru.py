"""Inference of the BMRU network against a scalar reading of the equations; the parallel scan against the loop."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from remora.golden.lib import bmru
from remora.golden.lib.bmru_network import NetworkError
from tests.golden.lib.bmru_networks import networks, random_network


def scalar_run(network, x):
    """One sequence (T, features), number by number, with h as α or 0."""
    relu = lambda value: max(value, 0.0)  # noqa: E731
    layer = lambda part, values: [  # noqa: E731
        sum(w * v for w, v in zip(row, values, strict=True)) + b for row, b in zip(part.weight, part.bias, strict=True)
    ]
    held = [[0.0] * network.width for _ in network.blocks]
    outputs, candidates, states = [], [], []
    for frame in x:
        z = layer(network.input, frame)
        for block, h in zip(network.blocks, held, strict=True):
            candidate = [relu(value) for value in layer(block.first, [relu(value) for value in z])]
            for j, value in enumerate(candidate):
                if value >= block.high[j]:
                    h[j] = block.level[j]
                elif value <= block.low[j]:
                    h[j] = 0.0
            z = [before + relu(value) for before, value in zip(z, layer(block.second, h), strict=True)]
            candidates.append(candidate)
        outputs.append(layer(network.output, z))
        states.append([[value > 0 for value in h] for h in held])
    return np.array(outputs), np.array(candidates).reshape(len(x), len(network.blocks), -1), np.array(states)


def recur(keep: NDArray, add: NDArray) -> NDArray:
    """h of h_t = keep_t·h₋ + add_t with h_0 = 0, one step after the other along axis 1."""
    h = np.empty_like(add)
    state = np.zeros_like(add[:, 0])
    for t in range(add.shape[1]):
        state = h[:, t] = keep[:, t] * state + add[:, t]
    return h


@given(networks(), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_a_network_does_what_the_equations_say(network, frames, seed):
    x = np.random.default_rng(seed).normal(size=(3, frames, network.features))
    found = bmru.run(network, x)
    for number, sequence in enumerate(x):
        outputs, candidates, states = scalar_run(network, sequence)
        np.testing.assert_allclose(found.outputs[number], outputs, atol=1e-12)
        np.testing.assert_allclose(found.candidates[number], candidates, atol=1e-12)
        np.testing.assert_array_equal(found.states[number], states)


@given(st.integers(1, 40), st.integers(1, 5), st.sampled_from([0.0, 0.3, 1.0]), st.integers(0, 2**32 - 1))
def test_the_scan_equals_the_loop(frames, width, epsilon, seed):
    generator = np.random.default_rng(seed)
    low, hysteresis, level = (generator.uniform(0, 1, width) for _ in range(3))
    candidates = generator.uniform(0, 2, (2, frames, width))
    keep, add = bmru.recurrence_terms(candidates, low, low + hysteresis, level, epsilon)
    loop, scan = recur(keep, add), bmru.scan(keep, add)
    if epsilon:
        np.testing.assert_allclose(scan, loop, rtol=1e-12, atol=1e-12)
    else:
        np.testing.assert_array_equal(scan, loop)
        states = bmru.cell_states(candidates, low, low + hysteresis)
        np.testing.assert_array_equal(scan, states * level)


@given(networks(), st.integers(1, 40), st.booleans(), st.integers(0, 2**32 - 1))
def test_a_network_scanned_in_parallel_is_the_same_bit_for_bit(network, frames, started, seed):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(3, frames, network.features))
    initial = generator.random((3, len(network.blocks), network.width)) < 0.5 if started else None
    loop, scanned = bmru.run(network, x, initial), bmru.run(network, x, initial, parallel=True)
    for name, array in vars(loop).items():
        np.testing.assert_array_equal(getattr(scanned, name), array, err_msg=name)


def test_a_cell_sets_holds_and_resets():
    candidates = np.array([0.3, 0.5, 0.3, 0.2, 0.3, 0.6, 0.0]).reshape(1, -1, 1)
    states = bmru.cell_states(candidates, np.array([0.2]), np.array([0.5]))
    assert states.ravel().tolist() == [False, True, True, False, False, True, False]


def test_equal_thresholds_compare_without_memory():
    candidates = np.array([0.5, 0.49, 0.5, 0.51, 0.2]).reshape(1, -1, 1)
    states = bmru.cell_states(candidates, np.array([0.5]), np.array([0.5]), initial=np.array([[True]]))
    assert states.ravel().tolist() == [True, False, True, True, False]


def test_a_stream_goes_on_from_its_states():
    network = random_network(3, 5, seed=4)
    x = np.random.default_rng(1).normal(size=(2, 20, 3))
    whole, first = bmru.run(network, x), bmru.run(network, x[:, :9])
    second = bmru.run(network, x[:, 9:], initial=first.states[:, -1])
    np.testing.assert_array_equal(np.concatenate([first.states, second.states], axis=1), whole.states)
    assert whole.states.any() and not whole.states.all()


def test_the_majority_decides_and_ties_go_to_the_lower_class():
    frames = np.array([[0, 1, 1], [1, 0, 0], [2, 1, 0]])
    assert bmru.vote(frames, 3).tolist() == [1, 0, 0]
    run = bmru.BmruRun(np.array([[[1.0, 1.0], [0.0, 2.0]]]), np.zeros(0), np.zeros(0, bool))
    assert run.frame_classes.tolist() == [[0, 1]]


def test_features_that_do_not_fit_are_refused():
    with pytest.raises(NetworkError, match="needs \\(sequences, frames, 3\\)"):
        bmru.run(random_network(3, 4), np.zeros((2, 5, 4)))
