"""Numbers at the borders of what a part of a memory's word may hold."""

from __future__ import annotations

from remora.spec.crossbar.memories import WordPart


def border_numbers(part: WordPart) -> set[int]:
    """Numbers at and around the ends of what is legal, and of what fits."""
    largest = (1 << part.width) - 1
    ends = {0, 1, part.minimum, part.maximum - 1, part.maximum, part.maximum + 1, largest}
    return {number for number in ends if 0 <= number <= largest}
