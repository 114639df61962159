"""What the rule takes: neither accumulators nor random numbers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from remora.spec.crossbar.design import DesignPoint

HEADER = Path(__file__).with_name("sign.h")


class Sign:
    """As `remora.spec.crossbar.update_rules.rule.UpdateRule`."""

    number, accumulates, draws = 2, False, False

    def faults(self, design: DesignPoint) -> Iterator[str]:
        """It never gives two pulses."""
        if design.learning.max_pulses > 2:
            yield f'learning.max_pulses is {design.learning.max_pulses}, but "sign" gives one pulse: leave it out'

    def legal_level(self, wanted: float, most: int) -> int:
        """Every whole number."""
        return min(most, max(2, round(wanted)))


SIGN = Sign()
