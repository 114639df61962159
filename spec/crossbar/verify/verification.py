"""Verified learning: what reads of a pulsed weight weigh, and when it has moved. Rules J1 to J3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from remora.spec.crossbar.learning import VERIFY_FEEDBACK_SHIFT

if TYPE_CHECKING:
    from remora.spec.crossbar.design import DesignPoint

QUARTER_SHIFT = 2
"""A weight has moved where it moved by a quarter of a level or more."""

SAMPLE_GAP = 4
"""Fewest cycles between two samples of rows that are read: an accumulator is corrected in so many."""


@dataclass(frozen=True)
class Verification:
    """How an update verifies its pulses.

    Attributes:
        reads: k, of a row before and after; a power of two.
        fine_bits: f, a level weighs 2^f codes in each.
        give_up: pulses of an update after which a weight that has not moved is given up.
    """

    reads: int
    fine_bits: int
    give_up: int

    @classmethod
    def of(cls, design: DesignPoint) -> Verification:
        """That of a design point which verifies."""
        learning = design.learning
        return cls(learning.verify_reads, design.fine_bits, learning.verify_give_up)

    @property
    def level_shift(self) -> int:
        """A level weighs 2^n in the sum of all reads."""
        return self.reads.bit_length() - 1 + self.fine_bits

    @property
    def codes_of_level(self) -> int:
        """What a level weighs in the sum of all reads."""
        return 1 << self.level_shift

    @property
    def shift(self) -> int:
        """Right shift of what was missed, times level and feedback: to counts of an accumulator. Rule J3."""
        return self.level_shift + VERIFY_FEEDBACK_SHIFT

    def moved(self, change):
        """Whether sums of reads differ by a quarter of a level or more; elementwise on arrays. Rule J2."""
        return abs(change) << QUARTER_SHIFT >= self.codes_of_level
