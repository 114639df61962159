"""A bistable cell in plain Python, from the macro's contract."""

from __future__ import annotations


def settle(held: int, current: int, low: int, high: int, fraction_bits: int) -> int:
    """State of a cell after it settled: sets at or above ``high``, else resets at or below ``low``, else holds.

    Args:
        held: state before.
        current: sum over the row tiles, ``fraction_bits`` below whole levels; negative ones are cut off.
        low, high: in whole levels.
    """
    candidate = max(0, current)
    if candidate >= high << fraction_bits:
        return 1
    return 0 if candidate <= low << fraction_bits else held


def merge_bytes(old: int, value: int, strobes: int, limit: int) -> int:
    """Threshold after a write: bytes that ``strobes`` selects of ``value``, the others of ``old``, within ±limit."""
    word = old & 0xFFFFFFFF
    for byte in range(4):
        if strobes >> byte & 1:
            mask = 0xFF << 8 * byte
            word = word & ~mask | value & mask
    signed = word - (1 << 32) if word >> 31 else word
    return max(-limit, min(limit, signed))
