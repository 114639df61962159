"""Learning in plain Python, one value at a time: what the blocks of :mod:`remora.hdl.learning.learning_engine` must
give."""

from __future__ import annotations

from dataclasses import dataclass

from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.learning import ERROR_CENTRE, ERROR_LIMIT, FEEDBACK_WORD_BITS, error_shift
from remora.spec.crossbar.tables import DERIVATIVE_BITS, derivative_table
from remora.spec.lib.fixed import round_shift, saturate
from remora.spec.lib.rng import Purpose, draw, draw_pair


def errors(design: DesignPoint, scores: list[int], label: int) -> list[int]:
    """Error of every class."""
    shift = error_shift(design)
    found = []
    for index, score in enumerate(scores):
        quarter = score << shift if shift >= 0 else round_shift(score, -shift)
        found.append(max(0, min(ERROR_LIMIT, ERROR_CENTRE + quarter)) - (ERROR_LIMIT if index == label else 0))
    return found


def feedback(design: DesignPoint, error: list[int], column: int) -> int:
    """``f`` of one hidden unit."""
    total = 0
    for index, value in enumerate(error):
        word = int(draw(design.learning.seed, Purpose.FEEDBACK, 0, column, index // FEEDBACK_WORD_BITS))
        total += -value if word >> index % FEEDBACK_WORD_BITS & 1 else value
    return total


def delta(design: DesignPoint, feedback_value: int, code: int) -> int:
    """``δ`` of one hidden unit in one step."""
    return round_shift(
        feedback_value * derivative_table(design)[abs(code)], DERIVATIVE_BITS + design.learning.feedback_shift
    )


@dataclass(frozen=True)
class Moved:
    """An accumulator after an update, and the pulses that fell due."""

    accumulator: int
    pulses: int
    raised: bool


def change_of(design: DesignPoint, gradient: int, readout: bool, rate_shift: int) -> int:
    """S of one weight."""
    learning = design.learning
    return round_shift(gradient, (learning.readout_shift if readout else learning.hidden_shift) + rate_shift)


def move(design: DesignPoint, accumulator: int, gradient: int, readout: bool, rate_shift: int = 0) -> Moved:
    """Update of one accumulator."""
    learning = design.learning
    limit = (1 << (learning.accumulator_bits - 1)) - 1
    change = change_of(design, gradient, readout, rate_shift)
    moved = saturate(accumulator - change, limit)
    pulses = min(abs(moved) // learning.accumulator_level, learning.max_pulses)
    sign = 1 if moved > 0 else -1
    return Moved(moved - sign * pulses * learning.accumulator_level, pulses, moved > 0)


def rounded(design: DesignPoint, random: int, gradient: int, readout: bool, rate_shift: int) -> tuple[int, bool]:
    """Pulses in mode `direct`, and whether they raise the weight."""
    change = change_of(design, gradient, readout, rate_shift)
    return min((abs(change) + random) // design.learning.accumulator_level, design.learning.max_pulses), change < 0


def winners(feedback_values: list[int], count: int) -> list[bool]:
    """Which columns learn: those of largest \\|f\\|, ties to the lower column."""
    order = sorted(range(len(feedback_values)), key=lambda column: (-abs(feedback_values[column]), column))
    return [column in order[:count] for column in range(len(feedback_values))]


def rounding_number(design: DesignPoint, seed: int, update: int, readout: bool, column: int, row: int) -> int:
    """r of one weight in mode `direct`; rows as those of the hidden layer."""
    words = draw_pair(seed, Purpose.STOCHASTIC_ROUNDING, update, int(readout) << 16 | column, row // 4)
    half = int(words[row % 4 // 2]) >> 16 * (row % 2) & 0xFFFF
    return half % design.learning.accumulator_level


class Pair:
    """A differential pair of ideal devices of weight 0, in levels, as ``crossbar.pair`` has it; the fault map marks
    neither, until `marked` says otherwise.

    Attributes:
        marked: g⁺ and g⁻ of which no pulse may reach.
    """

    def __init__(self, design: DesignPoint) -> None:
        top = design.crossbar.levels - 1
        self._fixed = design.crossbar.pair == "reference"
        self.positive = self.negative = top // 2 if self._fixed else 0
        self.full = 2 * self.negative if self._fixed else top
        self.marked = (False, False)

    def pulse(self, raised: bool) -> bool:
        """One pulse of the weight; False where it is dropped. Nothing marked, canonical pairs stay so."""
        positive_moves, negative_moves = (not mark for mark in self.marked)
        if self._fixed:
            if self.positive == (self.full if raised else 0) or not positive_moves:
                return False
            self.positive += 1 if raised else -1
            return True
        if raised and self.negative and negative_moves:
            self.negative -= 1
        elif raised and self.positive < self.full and positive_moves:
            self.positive += 1
        elif not raised and self.positive and positive_moves:
            self.positive -= 1
        elif not raised and self.negative < self.full and negative_moves:
            self.negative += 1
        else:
            return False
        return True
