"""Rounding and saturation of plain integers: rules N2 to N4."""

from __future__ import annotations


def rs(value: int, bits: int) -> int:
    """``value`` shifted right by ``bits``, a half rounded up. Rule N2."""
    return value if bits == 0 else (value + (1 << (bits - 1))) >> bits


def sat(value: int, limit: int) -> int:
    """The nearest value in −``limit`` … ``limit``. Rule N3."""
    return max(-limit, min(limit, value))


def rm(value: int, bits: int, limit: int) -> int:
    """The magnitude shifted, rounded and limited, the sign kept. Rule N4."""
    magnitude = min(limit, rs(abs(value), bits))
    return -magnitude if value < 0 else magnitude


def first_largest(values: list[int]) -> int:
    """Index of the largest value, the lowest among equals. Rule N5."""
    return values.index(max(values))
