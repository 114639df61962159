"""Fixed-point arithmetic: the one rounding rule and the one saturation rule of the whole project.

Every function works on Python integers and, elementwise and with the same result, on numpy integer arrays; an array
keeps its dtype, so the caller picks one wide enough for the intermediate value. Nothing else in the project rounds.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np

Integer = TypeVar("Integer", int, np.ndarray)


def round_shift(value: Integer, shift: int) -> Integer:
    """Divide by ``2**shift`` and round half up: add half, then shift right arithmetically (``rs`` in the documents).

    Args:
        value: integer or integer array, any shape; ``value + 2**(shift - 1)`` must fit its dtype.
        shift: number of bits dropped, 0 or more; 0 is the identity.

    Returns:
        ``floor(value / 2**shift + 1/2)``, same type and shape as ``value``.

    Raises:
        ValueError: ``shift`` is negative.
    """
    if shift < 0:
        raise ValueError(f"shift is {shift}; it must be 0 or more")
    if shift == 0:
        return value
    return (value + (1 << (shift - 1))) >> shift


def saturate(value: Integer, limit: int) -> Integer:
    """Clip symmetrically to ``-limit … limit``.

    Args:
        value: integer or integer array, any shape.
        limit: largest magnitude allowed, 0 or more.

    Raises:
        ValueError: ``limit`` is negative.
    """
    if limit < 0:
        raise ValueError(f"limit is {limit}; it must be 0 or more")
    if isinstance(value, np.ndarray):
        return np.clip(value, -limit, limit)
    return max(-limit, min(limit, value))


def round_magnitude(value: Integer, shift: int, limit: int) -> Integer:
    """Round and saturate the magnitude, keep the sign: ``sign(v)·min(limit, rs(|v|, shift))``.

    This is how a state becomes a streamed word; rounding the magnitude makes it odd-symmetric, as sign-and-magnitude
    streaming needs, where ``round_shift`` alone would not be.
    """
    magnitude = round_shift(abs(value), shift)
    if isinstance(value, np.ndarray):
        return np.sign(value) * np.minimum(magnitude, limit)
    return (1 if value >= 0 else -1) * min(magnitude, limit)


def signed_width(limit: int) -> int:
    """Bits of a two's complement number that holds every value of ``-limit … limit``."""
    return max(1, limit.bit_length()) + 1


def unsigned_width(limit: int) -> int:
    """Bits of an unsigned number that holds every value of ``0 … limit``; at least 1."""
    return max(1, limit.bit_length())
