""" "direct": steps are rounded stochastically to pulses at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from remora.spec.crossbar.update_rules.draws import drawing_level

if TYPE_CHECKING:
    from remora.spec.crossbar.design import DesignPoint


class Direct:
    """Rules L14 and L15."""

    number, accumulates, draws = 1, False, True

    def faults(self, design: DesignPoint) -> Iterator[str]:
        """None but those of every rule that draws."""
        return iter(())

    def legal_level(self, wanted: float, most: int) -> int:
        """As `remora.spec.crossbar.update_rules.draws.drawing_level`."""
        return drawing_level(wanted, most)
