"""Imported bistable cells in real numbers, against their definition step by step, and the report on their codes."""

from __future__ import annotations

import numpy as np
import pytest

from remora.golden.crossbar.inference import infer
from remora.golden.data.sequences import SequenceSet
from remora.golden.offline.bistable_report import bistable_scores, bistable_states, report_bistable
from remora.golden.offline.crossbar_import import import_network
from remora.golden.offline.float_run import BATCH
from tests.hdl.designs import BISTABLE

DESIGN = BISTABLE["bistable_primes"]
SIZES = DESIGN.network


def network(seed: int) -> dict[str, np.ndarray]:
    """Random arrays; the cells have thresholds of their own, and levels."""
    random = np.random.default_rng(seed)
    low = random.uniform(0.1, 0.4, SIZES.hidden)
    return {
        "input": random.normal(0, 0.8, (SIZES.features, SIZES.hidden)),
        "bias": random.normal(0.3, 0.2, SIZES.hidden),
        "low": low,
        "high": low + random.uniform(0.1, 0.5, SIZES.hidden),
        "level": random.uniform(0.5, 1.5, SIZES.hidden),
        "readout": random.normal(0, 1, (SIZES.hidden, SIZES.classes)),
        "readout_bias": random.normal(0, 0.3, SIZES.classes),
    }


def data(count: int, seed: int) -> SequenceSet:
    """Sequences of every length."""
    random = np.random.default_rng(seed)
    x = random.integers(0, 256, (count, SIZES.max_steps, SIZES.features)).astype(np.uint8)
    lengths = random.integers(1, SIZES.max_steps + 1, count)
    x[np.arange(SIZES.max_steps) >= lengths[:, None]] = 0
    return SequenceSet(x, random.integers(0, SIZES.classes, count), lengths)


def slowly(arrays: dict[str, np.ndarray], sequence: np.ndarray) -> tuple[list[list[bool]], list[float]]:
    """States after every step and scores after the last, one cell after the other."""
    state, states = [False] * SIZES.hidden, []
    for features in sequence:
        for cell in range(SIZES.hidden):
            reached = sum(float(f) / 256 * w for f, w in zip(features, arrays["input"][:, cell], strict=True))
            candidate = max(0.0, reached + arrays["bias"][cell])
            if candidate >= arrays["high"][cell]:
                state[cell] = True
            elif candidate <= arrays["low"][cell]:
                state[cell] = False
        states.append(list(state))
    sent = [level if held else 0.0 for held, level in zip(state, arrays["level"], strict=True)]
    return states, (np.array(sent) @ arrays["readout"] + arrays["readout_bias"]).tolist()


def test_states_and_scores_are_those_of_the_definition():
    arrays, given = network(1), data(BATCH + 3, 2)
    states, scores = bistable_states(DESIGN, arrays, given), bistable_scores(DESIGN, arrays, given)
    moved = 0
    for number in (*range(20), BATCH, BATCH + 2):
        wanted, score = slowly(arrays, given.sequence(number))
        assert states[number, : len(wanted)].tolist() == wanted
        np.testing.assert_allclose(scores[number], score, rtol=1e-12, atol=1e-12)
        moved += np.diff(np.array(wanted, int), axis=0).any()
    assert moved > 5
    del arrays["level"]
    plain = arrays | {"level": np.ones(SIZES.hidden)}
    assert np.array_equal(bistable_scores(DESIGN, arrays, given), bistable_scores(DESIGN, plain, given))


@pytest.mark.parametrize("seed", [1, 2])
def test_the_report_compares_every_state_and_every_score(seed):
    arrays, given = network(seed), data(60, seed)
    made = import_network(DESIGN, arrays)
    hidden, readout = report_bistable(DESIGN, arrays, made, given)
    assert hidden.compared == given.steps.sum() * SIZES.hidden and readout.compared == 60 * SIZES.classes
    states = infer(DESIGN, made.weights, given.x, given.lengths, record=True).record.state
    running = np.arange(SIZES.max_steps) < given.steps[:, None]
    alike = np.mean(states[running] == bistable_states(DESIGN, arrays, given)[running])
    assert hidden.within_a_step == pytest.approx(alike) and alike > 0.9
    # Levels round the weights, so that some cells differ, and the scores follow the float ones nevertheless.
    assert readout.correlation > 0.9 and 0 <= readout.saturated <= 1
    other = report_bistable(DESIGN, network(seed + 7), made, given)
    assert other[0].within_a_step < hidden.within_a_step and other[1].correlation < readout.correlation
