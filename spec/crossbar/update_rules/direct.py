""" "direct": steps are rounded stochastically to pulses at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from remora.spec.crossbar.column_groups import ROUNDING_SLICES

if TYPE_CHECKING:
    from remora.spec.crossbar.design import DesignPoint


class Direct:
    """Rules L14 and L15."""

    number, accumulates, draws = 1, False, True

    def faults(self, design: DesignPoint) -> Iterator[str]:
        """It rounds with random bits below the level, and a draw serves several rows."""
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

    def legal_level(self, wanted: float, most: int) -> int:
        """Powers of two; of two equally near the smaller one."""
        powers = [1 << bits for bits in range(1, most.bit_length())]
        return min(powers, key=lambda power: abs(power - wanted))
