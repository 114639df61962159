"""Threefry against its authors' vectors, and the draws made of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remora.spec.lib.rng import (
    Purpose,
    draw,
    draw_pair,
    draw_pairs,
    normal,
    normal_integer,
    permutation,
    threefry2x32,
    uniform_index,
)

ONES = 0xFFFFFFFF
PI = (0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3)
KEYS = {"zeros": ((0, 0), (0, 0)), "ones": ((ONES, ONES), (ONES, ONES)), "pi": PI}


@pytest.mark.parametrize("count", [0, 1, 6, 7, 100])
def test_few_draws_and_many_are_the_same(count):
    random = np.random.default_rng(count)
    sequences, indices = random.integers(2**32, size=count), random.integers(2**32, size=count).astype(np.uint32)
    found = draw_pairs(ONES, Purpose.PULSE, sequences, indices)
    assert found.shape == (2, count) and found.dtype == np.uint32
    np.testing.assert_array_equal(found, draw_pair(ONES, Purpose.PULSE, sequences, indices))


def test_normal_integers_of_an_amplitude_each():
    """Rule R5, byte by byte."""
    words = draw(1, Purpose.DEVICE, 0, np.arange(500))
    amplitudes = np.arange(500) * 977 - 100_000
    found = normal_integer(words, amplitudes)
    for word, amplitude, value in zip(words.tolist(), amplitudes.tolist(), found.tolist(), strict=True):
        assert value == ((sum(word.to_bytes(4, "little")) - 510) * amplitude * 443 + 2**15) // 2**16


@pytest.mark.parametrize(
    ("name", "rounds", "expected"),
    [
        ("zeros", 13, (0x9D1C5EC6, 0x8BD50731)),
        ("ones", 13, (0xFD36D048, 0x2D17272C)),
        ("pi", 13, (0xBA3E4725, 0xF27D669E)),
        ("zeros", 20, (0x6B200159, 0x99BA4EFE)),
        ("ones", 20, (0x1CB996FC, 0xBB002BE7)),
        ("pi", 20, (0xC4923A9C, 0x483DF7A0)),
    ],
)
def test_published_vectors(name, rounds, expected):
    """`kat_vectors` of the authors' Random123 library. Rule R1."""
    key, counter = KEYS[name]
    assert tuple(int(word) for word in threefry2x32(key, counter, rounds)) == expected


def test_thirteen_rounds_are_the_default():
    assert [int(word) for word in threefry2x32(*PI)] == [0xBA3E4725, 0xF27D669E]


def test_arrays_agree_with_scalars():
    sequences, lanes = np.arange(5)[:, None], np.arange(3)
    words = draw(7, Purpose.DEVICE, sequences, 11, lanes, 2)
    assert words.shape == (5, 3) and words.dtype == np.uint32
    assert all(words[s, lane] == draw(7, Purpose.DEVICE, s, 11, lane, 2) for s in range(5) for lane in range(3))


def test_both_words_are_those_of_the_hash():
    """Key: seed, then purpose, attempt and lane from the top; counter: sequence, index."""
    expected = threefry2x32((9, 8 << 24 | 5 << 16 | 77), (123, 1 << 16 | 6))
    assert draw_pair(9, Purpose.STOCHASTIC_ROUNDING, 123, 1 << 16 | 6, 77, 5) == expected
    first, second = draw_pair(9, Purpose.STOCHASTIC_ROUNDING, 123, [0, 1 << 16 | 6], np.array([[77], [78]]), 5)
    assert (first[0, 1], second[0, 1]) == expected and first.shape == (2, 2) and second.dtype == np.uint32
    assert first[1, 0] == draw(9, Purpose.STOCHASTIC_ROUNDING, 123, 0, 78, 5)


@settings(deadline=None)
@given(st.tuples(*[st.integers(0, ONES)] * 4), st.integers(0, 20))
def test_one_word_and_many_agree(words, rounds):
    one = threefry2x32(words[:2], words[2:], rounds)
    many = threefry2x32(words[:2], (np.array([words[2]] * 3, np.uint32), words[3]), rounds)
    assert [int(word) for word in one] == [int(word[1]) for word in many]


def test_every_argument_matters():
    base = dict(seed=1, purpose=Purpose.DEVICE, sequence=1, index=1, lane=1, attempt=1)
    words = {int(draw(**base))} | {int(draw(**base | {name: 2})) for name in base}
    assert len(words) == 7


def test_arguments_reach_both_ends_without_aliasing():
    """Rule R2."""
    corners = [
        dict(seed=ONES),
        dict(sequence=ONES),
        dict(index=ONES),
        dict(lane=2**16 - 1),
        dict(attempt=2**8 - 1),
        dict(attempt=1, lane=0),
    ]
    assert len({int(draw(**dict(seed=0, purpose=Purpose.FEEDBACK) | corner)) for corner in corners}) == len(corners)


@pytest.mark.parametrize(
    "argument",
    [{"seed": 2**32}, {"sequence": -1}, {"index": 2**32}, {"lane": 2**16}, {"attempt": 2**8}, {"lane": [0, 2**16]}],
)
def test_arguments_that_would_alias_are_refused(argument):
    with pytest.raises(ValueError, match=f"{next(iter(argument))} lies outside"):
        draw(**{"seed": 1, "purpose": Purpose.FEEDBACK} | argument)


def test_purposes_are_part_of_the_contract():
    """Rule R3."""
    assert {purpose.name: purpose.value for purpose in Purpose}.items() >= {
        "FEEDBACK": 1, "INITIAL_WEIGHT": 2, "SHUFFLE": 3, "PERMUTATION": 4, "REPLAY_QUANTISER": 5, "RESERVOIR_INDEX": 6,
        "REPLAY_INDEX": 7, "STOCHASTIC_ROUNDING": 8, "DEVICE": 9, "SYNTHETIC_DATA": 10,
    }.items()  # fmt: skip
    assert len({purpose.value for purpose in Purpose}) == len(Purpose)


def test_bits_are_balanced_and_uncorrelated():
    words = draw(1, Purpose.DEVICE, np.arange(20000))
    bits = (words[:, None] >> np.arange(32, dtype=np.uint32)) & 1
    assert np.abs(bits.mean(axis=0) - 0.5).max() < 4.5 * 0.5 / np.sqrt(20000)
    correlation = np.corrcoef(bits.T) - np.eye(32)
    assert np.abs(correlation).max() < 5 / np.sqrt(20000)
    assert np.abs(np.corrcoef(bits[1:].ravel(), bits[:-1].ravel())[0, 1]) < 5 / np.sqrt(bits.size)


@pytest.mark.parametrize("bound", [3, 10, 16, 33])
def test_indices_are_uniform(bound):
    """Chi-squared: mean bound − 1, variance 2 (bound − 1); five deviations allowed."""
    count = 150 * bound if bound < 20 else 60 * bound
    seen = np.bincount(
        [uniform_index(5, Purpose.REPLAY_INDEX, bound, number) for number in range(count)], minlength=bound
    )
    assert len(seen) == bound
    statistic = ((seen - count / bound) ** 2).sum() / (count / bound)
    assert abs(statistic - (bound - 1)) < 5 * np.sqrt(2 * (bound - 1))


@settings(deadline=None)
@given(st.integers(1, 2**32), st.integers(0, ONES), st.integers(0, ONES))
def test_indices_stay_below_the_bound_and_follow_masked_rejection(bound, sequence, index):
    found = uniform_index(9, Purpose.RESERVOIR_INDEX, bound, sequence, index)
    mask = (1 << (bound - 1).bit_length()) - 1
    words = (int(draw(9, Purpose.RESERVOIR_INDEX, sequence, index, 0, attempt)) & mask for attempt in range(256))
    assert 0 <= found < bound and found == next(word for word in words if word < bound)


def test_after_the_last_attempt_the_remainder_is_taken(monkeypatch):
    """Rule R4."""
    attempts = []

    def hopeless(*arguments):
        attempts.append(arguments[-1])
        return np.uint32(7)

    monkeypatch.setattr("remora.spec.lib.rng.draw", hopeless)
    assert uniform_index(1, Purpose.REPLAY_INDEX, 5) == 7 % 5
    assert attempts == list(range(256))


@pytest.mark.parametrize("bound", [0, -1, 2**32 + 1])
def test_illegal_bounds_are_refused(bound):
    with pytest.raises(ValueError, match=f"bound is {bound}"):
        uniform_index(1, Purpose.REPLAY_INDEX, bound)


@pytest.mark.parametrize("size", [1, 2, 97, 784])
def test_permutations(size):
    """Rule R6."""
    first, again, other = (permutation(1, Purpose.SHUFFLE, size, sequence) for sequence in (1, 1, 2))
    assert sorted(first.tolist()) == list(range(size)) and first.tolist() == again.tolist()
    assert size < 3 or first.tolist() != other.tolist()


def test_normal_draws():
    """Rule R7."""
    values = normal(3, Purpose.INITIAL_WEIGHT, np.arange(200)[:, None], np.arange(100))
    assert values.shape == (200, 100) and np.isfinite(values).all()
    assert values.mean() == pytest.approx(0, abs=0.03) and values.std() == pytest.approx(1, abs=0.02)
    assert np.mean(np.abs(values) < 1) == pytest.approx(0.6827, abs=0.015)


def test_normal_integers_have_the_mean_and_spread_that_they_say():
    """Rule R5."""
    words = draw(3, Purpose.FRAME_NOISE, np.arange(200)[:, None], np.arange(500))
    for amplitude in (1, 20, 4095):
        values = normal_integer(words, amplitude)
        assert values.shape == words.shape and abs(values.mean()) < 0.02 * amplitude
        assert values.std() == pytest.approx(amplitude, rel=0.05 if amplitude == 1 else 0.01)
        assert abs(values).max() <= 3.45 * amplitude
    assert not normal_integer(words, 0).any()
    assert [int(normal_integer(word, 1000)) for word in (0, 0xFFFFFFFF, 0x01020304)] == [-3447, 3447, -3380]
