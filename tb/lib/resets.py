"""The two resets, and in which order a test takes them."""

from __future__ import annotations

from random import Random

PIN, SOFT = 0, 1
"""The two resets; numbers as of the trace."""


def in_any_order(random: Random, count: int, *kinds: int) -> list[int]:
    """Each kind as often as the others, in random order."""
    order = [kinds[index % len(kinds)] for index in range(count)]
    random.shuffle(order)
    return order
