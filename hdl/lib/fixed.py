"""Amaranth expressions of the rounding and saturation rules of :mod:`remora.spec.lib.fixed`. Rule N1."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Mux, Value


def round_shift(value: Value, shift: int) -> Value:
    """Add half, then shift right arithmetically; 0 is the identity. No bit is lost: the sum grows by one. Rule N2."""
    return value if shift == 0 else (value + (1 << (shift - 1))) >> shift


def saturate(value: Value, limit: int) -> Value:
    """Clip a signed value to ``-limit … limit``; the result is just wide enough. Rule N3."""
    if len(value) == limit.bit_length() + 1 and limit & (limit + 1) == 0:
        # Only −limit − 1 is outside, and has one bit less than −limit.
        return Cat(value[0] | (value[1:] == 1 << (len(value) - 2)), value[1:]).as_signed()
    clipped = Mux(value > limit, limit, Mux(value < -limit, -limit, value))
    return clipped[: limit.bit_length() + 1].as_signed()


def minimum(value: Value, limit: int) -> Value:
    """Clip an unsigned value to ``limit``. Rule N4."""
    if limit >= (1 << len(value)) - 1:
        return value
    return Mux(value > limit, limit, value)[: limit.bit_length()]


def is_within(value: Value, low: int, high: int) -> Value:
    """An unsigned value lies in ``low … high``, low 0 or 1; without the comparison that always holds."""
    above = value.any() if low else Const(1)
    return above if high >= (1 << len(value)) - 1 else above & (value <= high)


def magnitude(value: Value) -> Value:
    """|value| of a signed value, unsigned; the most negative number keeps its bits, so keep it out."""
    return Mux(value < 0, -value, value)[: len(value)]


def count_ones(bits) -> Value:
    """How many of the single-bit values are 1."""
    bits = list(bits)
    while len(bits) > 1:
        # A balanced tree: half the depth of a chain, and the widths stay small.
        bits = [bits[i] + bits[i + 1] if i + 1 < len(bits) else bits[i] for i in range(0, len(bits), 2)]
    return bits[0]
