"""The third reading's own random numbers and rounding, against what the reference says they are."""

from __future__ import annotations

from remora.flow.verify.reading.integers import first_largest, rm, rs, sat
from remora.flow.verify.reading.random_words import (
    FEEDBACK,
    REPLAY_INDEX,
    RESERVOIR_INDEX,
    STOCHASTIC_ROUNDING,
    below,
    normal,
    words,
)


def test_rounding_is_that_of_the_rules_n():
    assert [rs(5, 1), rs(-5, 1), rs(-6, 2), rs(7, 0)] == [3, -2, -1, 7]
    assert [sat(300, 127), sat(-128, 127), sat(5, 127)] == [127, -127, 5]
    assert [rm(-5, 1, 255), rm(5, 1, 255), rm(-1000, 1, 255)] == [-3, 3, -255]
    assert first_largest([3, 5, -5, 5]) == 1


def test_draws_are_those_of_the_rules_r():
    assert words(1, REPLAY_INDEX, sequence=9, index=5, lane=2, attempt=3)[0] == 3514994099
    assert [f"{word:08x}" for word in words(1, STOCHASTIC_ROUNDING, sequence=1)] == ["375a5294", "cab2582b"]
    assert [words(1, REPLAY_INDEX, sequence=8, attempt=attempt)[0] & 7 for attempt in range(4)] == [7, 7, 6, 4]
    assert below(5, 1, REPLAY_INDEX, sequence=8) == 4
    assert [below(n, 1, RESERVOIR_INDEX, sequence=n) for n in (3, 4, 5)] == [2, 1, 0]
    assert [normal(word, 20) for word in (0x00000000, 0xFFFFFFFF, 0x80808080)] == [-69, 69, 0]
    assert below(1, 1, FEEDBACK) == 0
