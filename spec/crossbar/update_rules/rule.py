"""What a rule of an update says of the hardware that it takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from remora.spec.crossbar.design import DesignPoint

MOST_NUMBER = 15
"""Largest number of a rule in ``LEARN_CAPABILITIES.update``."""


class UpdateRule(Protocol):
    """A rule of an update, from the step S of a weight to its pulses; it holds no state."""

    @property
    def number(self) -> int:
        """What ``LEARN_CAPABILITIES.update`` says, 0 … `MOST_NUMBER`; that of each rule is its own."""

    @property
    def accumulates(self) -> bool:
        """It takes an accumulator a weight, χ, which software reads and writes and checkpoints hold. Rule M9."""

    @property
    def draws(self) -> bool:
        """It takes a random number below ``accumulator_level`` a weight. Rule L15.

        `remora.spec.crossbar.update_rules.draws.drawing_faults` are then asked besides its own.
        """

    def faults(self, design: DesignPoint) -> Iterator[str]:
        """What of a design point's fields does not suit the rule, with the remedy."""

    def legal_level(self, wanted: float, most: int) -> int:
        """The legal ``learning.accumulator_level`` nearest to a level, at least 2 and at most ``most``; of a rule that
        draws, a power of two: `remora.spec.crossbar.update_rules.draws.drawing_level`."""
