""" "accumulate": gradients gather in an accumulator a weight."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from remora.spec.crossbar.design import DesignPoint


class Accumulate:
    """Rules L12 and L13."""

    number, accumulates, draws = 0, True, False

    def faults(self, design: DesignPoint) -> Iterator[str]:
        """None."""
        return iter(())

    def legal_level(self, wanted: float, most: int) -> int:
        """Every whole number."""
        return min(most, max(2, round(wanted)))
