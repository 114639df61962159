"""The one rounding rule and the one saturation rule, against exact rational arithmetic."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remora.spec.lib.fixed import round_magnitude, round_shift, saturate, signed_width, unsigned_width

VALUES = st.integers(-(2**40), 2**40)
SHIFTS = st.integers(0, 24)
LIMITS = st.integers(0, 2**20)


@given(VALUES, SHIFTS)
def test_rounding_is_half_up(value, shift):
    """Rule N2."""
    assert round_shift(value, shift) == floor(Fraction(value, 2**shift) + Fraction(1, 2))


@given(VALUES, SHIFTS, LIMITS)
def test_magnitude_rounding_is_odd_and_half_away_from_zero(value, shift, limit):
    """Rule N4."""
    expected = min(limit, floor(Fraction(abs(value), 2**shift) + Fraction(1, 2)))
    assert round_magnitude(value, shift, limit) == (expected if value >= 0 else -expected)
    assert round_magnitude(-value, shift, limit) == -round_magnitude(value, shift, limit)


@given(VALUES, LIMITS)
def test_saturation_is_symmetric_and_idempotent(value, limit):
    """Rule N3."""
    clipped = saturate(value, limit)
    assert abs(clipped) <= limit and (clipped == value or abs(value) > limit)
    assert saturate(-value, limit) == -clipped and saturate(clipped, limit) == clipped


@given(st.lists(VALUES, min_size=1, max_size=20), SHIFTS, LIMITS)
def test_arrays_agree_with_integers(values, shift, limit):
    array = np.array(values, np.int64)
    assert round_shift(array, shift).tolist() == [round_shift(value, shift) for value in values]
    assert saturate(array, limit).tolist() == [saturate(value, limit) for value in values]
    assert round_magnitude(array, shift, limit).tolist() == [round_magnitude(value, shift, limit) for value in values]


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.int64])
def test_arrays_keep_their_dtype(dtype):
    array = np.array([-300, 0, 300], dtype)
    for result in (round_shift(array, 2), saturate(array, 127), round_magnitude(array, 2, 50)):
        assert result.dtype == dtype


def test_by_hand():
    assert [round_shift(value, 1) for value in (-3, -2, -1, 0, 1, 2, 3)] == [-1, -1, 0, 0, 1, 1, 2]
    assert [round_magnitude(value, 1, 9) for value in (-3, -1, 0, 1, 3)] == [-2, -1, 0, 1, 2]
    assert round_shift(5, 0) == 5 and saturate(-9, 0) == 0


def test_negative_shift_and_limit_are_refused():
    with pytest.raises(ValueError, match="shift is -1"):
        round_shift(1, -1)
    with pytest.raises(ValueError, match="limit is -1"):
        saturate(1, -1)


@given(st.integers(0, 2**50))
def test_widths_are_exactly_wide_enough(limit):
    """Rule N6."""
    signed, unsigned = signed_width(limit), unsigned_width(limit)
    assert -(1 << (signed - 1)) <= -limit and limit < 1 << (signed - 1) and limit < 1 << unsigned
    assert limit >= 1 << (signed - 2) if limit else signed == 2
    assert limit >= 1 << (unsigned - 1) if limit else unsigned == 1
