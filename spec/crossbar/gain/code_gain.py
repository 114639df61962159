"""The gain of a layer's codes: its format. Rules G1 and G2."""

from __future__ import annotations

FRACTION_BITS = 12
"""A gain is in 2^−n."""
UNITY = 1 << FRACTION_BITS
"""The gain that changes nothing, after the reset pin."""
LEAST, MOST = UNITY >> 2, UNITY << 3
"""Smallest and largest gain: a quarter, and 8."""
GAIN_BITS = MOST.bit_length()
"""Width of a gain, unsigned."""


def check_gain(name: str, value: int) -> None:
    """Check that a gain is one that the registers take. Rule G1.

    Raises:
        ValueError: it is not; the message says which values are.
    """
    if not LEAST <= value <= MOST:
        raise ValueError(f"{name} gain is {value}; it must be in {LEAST}…{MOST}, {UNITY} being 1")
