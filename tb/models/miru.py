"""The MiRU cell for one unit in plain Python, written from the number formats."""

from __future__ import annotations

from dataclasses import dataclass

from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.tables import candidate_table
from remora.spec.lib.fixed import round_shift


@dataclass(frozen=True)
class CellUpdate:
    """What one update of one unit gives."""

    candidate: int
    state: int
    word: int
    """As stored: the sign of the state above the magnitude."""
    word_saturated: bool


def update(design: DesignPoint, code: int, previous: int, update_coefficient: int, word_coefficient: int) -> CellUpdate:
    """Candidate, next state and streamed word of a unit."""
    bits = design.formats.stream_bits
    candidate = candidate_table(design)[abs(code)] * (-1 if code < 0 else 1)
    state = previous + round_shift((candidate - previous) * update_coefficient, 8)
    size = round_shift(abs(state) * word_coefficient, design.formats.state_bits + 8 - bits)
    largest = (1 << bits) - 1
    return CellUpdate(candidate, state, (state < 0) << bits | min(size, largest), size > largest)
