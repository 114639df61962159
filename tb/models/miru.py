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
    readout_word: int
    """The word that no coefficient scales, as stored."""
    readout_word_saturated: bool


def update(design: DesignPoint, code: int, previous: int, update_coefficient: int, word_coefficient: int) -> CellUpdate:
    """Candidate, next state and streamed word of a unit."""
    bits = design.formats.stream_bits
    candidate = candidate_table(design)[abs(code)] * (-1 if code < 0 else 1)
    state = previous + round_shift((candidate - previous) * update_coefficient, 8)
    largest = (1 << bits) - 1
    shift = design.formats.state_bits + 8 - bits
    word, readout_word = (round_shift(abs(state) * coefficient, shift) for coefficient in (word_coefficient, 256))
    sign = (state < 0) << bits
    return CellUpdate(
        candidate, state, sign | min(word, largest), word > largest, sign | min(readout_word, largest),
        readout_word > largest,
    )  # fmt: skip
