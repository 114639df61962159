"""What a rule of an update that draws random numbers asks of a design point: they are bits, and a draw is of rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from remora.spec.crossbar.column_groups import ROUNDING_SLICES

if TYPE_CHECKING:
    from remora.spec.crossbar.design import DesignPoint


def drawing_faults(design: DesignPoint) -> Iterator[str]:
    """What of its fields does not suit rule L15, with the remedy."""
    learning = design.learning
    if learning.accumulator_level & (learning.accumulator_level - 1):
        yield (
            f"learning.accumulator_level is {learning.accumulator_level}, which is no power of two, but "
            f'learning.update = "{learning.update}" rounds with random bits below it: use 2, 4, 8 … 16384, or '
            '"accumulate"'
        )
    if design.learning_folds > 1 and design.learning_lanes % ROUNDING_SLICES:
        yield (
            f'learning.lanes is {learning.lanes}, but with learning.update = "{learning.update}" a draw serves '
            f'{ROUNDING_SLICES} rows: use a multiple of {ROUNDING_SLICES}, {design.hidden_rows}, or "all"'
        )


def drawing_level(wanted: float, most: int) -> int:
    """The power of two nearest to a level, at least 2 and at most ``most``; of two equally near the smaller one."""
    powers = [1 << bits for bits in range(1, most.bit_length())]
    return min(powers, key=lambda power: abs(power - wanted))
