"""The replay memory: every sequence is held with the same probability, and four bits lose nothing on average."""

from __future__ import annotations

import numpy as np
import pytest

from remora.golden.learning.reservoir import Reservoir, ReservoirState, quantised, restored
from tests.golden.designs import DESIGNS, make_design


def counting_design(capacity: int, seed: int = 1):
    """Sequences of one step and two features, which hold their own number."""
    return make_design(
        network={"features": 2, "hidden": 1, "classes": 7, "max_steps": 1},
        learning={"replay_capacity": capacity, "seed": seed},
    )


@pytest.mark.parametrize(("capacity", "inserted"), [(1, 6), (3, 10), (5, 24), (8, 40)])
def test_every_sequence_is_retained_alike(capacity, inserted):
    """Chi-squared over 1,500 reservoirs: mean inserted − 1 at most, five deviations allowed."""
    trials, held = 1500, np.zeros(inserted)
    for seed in range(trials):
        reservoir, content = Reservoir(counting_design(capacity, seed)), {}
        for number in range(inserted):
            reservoir.next_sequence()
            slot = reservoir.insert(np.zeros((1, 2), np.uint8), 0)
            if slot is not None:
                content[slot] = number
        assert sorted(content) == list(range(capacity))
        held[list(content.values())] += 1
    share = capacity / inserted
    expected = trials * share
    # Of each trial exactly `capacity` are held, so the variance of a count is trials·p·(1−p).
    statistic = ((held - expected) ** 2).sum() / (expected * (1 - share))
    assert abs(statistic - inserted) < 5 * np.sqrt(2 * inserted)


def test_replay_draws_every_slot_alike():
    design = counting_design(7).evolve(learning={"replay_ratio": 3})
    reservoir, seen = Reservoir(design), np.zeros(7)
    for number in range(2000):
        reservoir.next_sequence()
        slots = reservoir.drawn_slots()
        assert len(slots) == (3 if number else 0) and all(slot < reservoir.filled for slot in slots)
        if number >= 7:
            np.add.at(seen, slots, 1)
        reservoir.insert(np.zeros((1, 2), np.uint8), 0)
    expected = seen.sum() / 7
    assert abs(((seen - expected) ** 2).sum() / expected - 6) < 5 * np.sqrt(12)


def test_the_quantiser_is_unbiased_over_every_value_and_every_random_number():
    """The mean over r of 17·((15·x + r) >> 8) is exactly 255/256 of x."""
    x, r = np.arange(256)[:, None], np.arange(256)
    stored = (15 * x + r) >> 8
    assert stored.min() == 0 and stored.max() == 15
    np.testing.assert_array_equal((17 * stored).sum(axis=1), 255 * x[:, 0])


@pytest.mark.parametrize("dtype", [np.uint8, np.int8])
def test_the_quantiser_as_built_is_unbiased(dtype):
    values = np.arange(256, dtype=np.uint8).view(dtype)
    x = np.tile(values, (40, 1))
    count = 60
    mean = np.mean([restored(quantised(1, n, x), dtype is np.int8).mean(axis=0) for n in range(1, count + 1)], axis=0)
    offset = 128 if dtype is np.int8 else 0
    expected = (values.astype(int) + offset) * 255 / 256 - offset
    assert np.abs(mean - expected).max() < 5 * 17 / 2 / np.sqrt(40 * count)


def test_the_quantisers_random_numbers_differ_by_feature_step_sequence_and_seed():
    x = np.full((50, 9), 94, np.uint8)
    base = quantised(1, 1, x)
    assert base.shape == (50, 9) and set(np.unique(base)) == {5, 6}
    for other in (quantised(2, 1, x), quantised(1, 2, x), base[::-1], base[:, ::-1]):
        assert 0.3 < (other != base).mean() < 0.7


def test_signed_features_survive_as_offset_binary():
    x = np.array([[-128, -127, 0, 127]], np.int8)
    found = restored(quantised(1, 1, x), signed=True)
    assert found.dtype == np.int8 and np.abs(found.astype(int) - x).max() <= 17
    stored = np.arange(16, dtype=np.uint8)
    np.testing.assert_array_equal(restored(stored, True), 17 * np.arange(16) - 128)
    np.testing.assert_array_equal(restored(stored, False), 17 * np.arange(16))


def test_without_capacity_nothing_is_held_or_drawn():
    reservoir = Reservoir(counting_design(0))
    for _ in range(5):
        reservoir.next_sequence()
        assert reservoir.drawn_slots() == [] and reservoir.insert(np.zeros((1, 2), np.uint8), 0) is None
    assert (reservoir.presented, reservoir.filled, reservoir.state.features.size) == (5, 0, 0)


def test_short_sequences_leave_nothing_of_longer_ones():
    design = DESIGNS["tiny"].evolve(learning={"replay_capacity": 1})
    reservoir = Reservoir(design)
    for steps, value, label in ((9, 255, 2), (4, 255, 1)):
        reservoir.clear()
        reservoir.next_sequence()
        assert reservoir.insert(np.full((steps, 5), value, np.uint8), label) == 0
    x, label = reservoir.sequence(0)
    assert (x.shape, label) == ((4, 5), 1) and not reservoir.state.features[0, 4:].any()


@pytest.mark.parametrize("slot", [-1, 1])
def test_empty_slots_cannot_be_read(slot):
    reservoir = Reservoir(counting_design(3))
    reservoir.next_sequence()
    reservoir.insert(np.zeros((1, 2), np.uint8), 0)
    with pytest.raises(IndexError, match=f"slot {slot} holds nothing; 1 are filled"):
        reservoir.sequence(slot)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"features": np.zeros((2, 1, 3), np.uint8)}, r"expected \(filled, 1, 2\)"),
        ({"features": np.full((2, 1, 2), 16)}, "a feature of the reservoir is no whole number in 0…15"),
        ({"features": np.zeros((2, 1, 2))}, "a feature of the reservoir is no whole number"),
        ({"steps": np.array([1, 2])}, "a number of steps of the reservoir is no whole number in 1…1"),
        ({"labels": np.array([0, 7])}, "a label of the reservoir is no whole number in 0…6"),
        ({"labels": np.array([0])}, "have shapes"),
        ({"presented": 1}, "the sequence number is 1; with 2 held it must be in 2…"),
        ({"presented": 2**32}, "the sequence number is 4294967296"),
    ],
)
def test_a_state_that_does_not_fit_is_refused(changes, message):
    good = {
        "presented": 2,
        "frozen": False,
        "features": np.zeros((2, 1, 2), np.uint8),
        "steps": np.ones(2, int),
        "labels": np.zeros(2, int),
    }
    Reservoir(counting_design(2), ReservoirState(**good))
    with pytest.raises(ValueError, match=message):
        Reservoir(counting_design(2), ReservoirState(**good | changes))
    with pytest.raises(ValueError, match="2 sequences exceed the reservoir's capacity of 1"):
        Reservoir(counting_design(1), ReservoirState(**good))
