"""One update: errors, feedback, gradients, accumulators and pulses, of ideal devices. Rules L1 to L17, P, J, T1."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from remora.flow.systems.crossbar.reading.inference import Matrix, Network, Passed
from remora.flow.systems.crossbar.reading.point import Point
from remora.flow.systems.crossbar.reading.pulses import pulse_column
from remora.flow.verify.reading.integers import rs, sat
from remora.flow.verify.reading.random_words import FEEDBACK, STOCHASTIC_ROUNDING, WORD, words

LAYERS = ("hidden", "readout")


@dataclass
class LearningTrace:
    """What an update tells: error by class, feedback by unit, the sums of rule T1, pulses by layer and what came of
    them: ``applied``, ``dropped`` and ``devices`` of rule P3, ``given_up`` of rule J2."""

    error: list[int]
    feedback: list[int]
    gradient_sum: int = 0
    accumulator_sum: int = 0
    pulses: dict[str, Counter[str]] = field(default_factory=lambda: {layer: Counter() for layer in LAYERS})


class Updates:
    """The updates of a chip.

    Attributes:
        chi: accumulators by layer, row and column; zeros where the point has none. ``count``: q.
    """

    def __init__(self, point: Point) -> None:
        self.point, self.settings = point, point.fields["learning"]
        self.derivatives = point.derivatives()
        self.seed: int = self.settings["seed"]
        self.accumulates = self.settings["update"] == "accumulate"
        self.chi: dict[str, Matrix] = {
            "hidden": [[0] * point.hidden for _ in range(point.hidden_rows)],
            "readout": [[0] * point.classes for _ in range(point.hidden + 1)],
        }
        self.count = 0

    def learn(self, network: Network, passed: Passed, label: int, rates: tuple[int, int] = (0, 0)) -> LearningTrace:
        """Update the weights from a forward pass. Rule L1.

        Args:
            rates: ``rate_shift`` of the hidden layer and of the readout.
        """
        point = self.point
        self.count = self.count + 1 & WORD
        error = self._error(passed.readouts[-1].scores, label)
        feedback = [sum(self._sign(k, j) * error[k] for k in range(point.classes)) for j in range(point.hidden)]
        learnt = LearningTrace(error, feedback)
        # Both gradients are of the weights before the update.
        hidden = {j: self._hidden_gradient(passed, feedback[j], j) for j in self._winners(feedback)}
        last = [*passed.readouts[-1].words[:-1], point.words]
        readout = {k: [word * error[k] for word in last] for k in range(point.classes)}
        for layer, columns, rate in zip(LAYERS, (hidden, readout), rates, strict=True):
            shift = self.settings[f"{layer}_shift"] + rate
            for column, gradient in columns.items():
                for row, each in enumerate(gradient):
                    learnt.gradient_sum = learnt.gradient_sum + each * self._factor(layer, row, column) & WORD
                steps = [rs(each, shift) for each in gradient]
                self._column(learnt, network, layer, column, steps)
        return learnt

    def _error(self, scores: list[int], label: int) -> list[int]:
        """Rule L3."""
        by = 6 - self.point.step_bits
        shifted = [score << by if by >= 0 else rs(score, -by) for score in scores]
        return [max(0, min(255, 128 + each)) - 255 * (k == label) for k, each in enumerate(shifted)]

    def _sign(self, k: int, j: int) -> int:
        """Ψ_kj. Rule L4."""
        return -1 if words(self.seed, FEEDBACK, index=j, lane=k // 32)[0] >> k % 32 & 1 else 1

    def _winners(self, feedback: list[int]) -> Iterator[int]:
        """Units that learn, in rising order. Rules L6 and L17."""
        asked = self.settings["winners"]
        count = len(feedback) if asked == "all" else asked
        chosen = sorted(range(len(feedback)), key=lambda j: (-abs(feedback[j]), j))[:count]
        return iter(sorted(chosen))

    def _hidden_gradient(self, passed: Passed, feedback: int, j: int) -> list[int]:
        """Rules L8 and L9, by row."""
        shift, gradient = 8 + self.settings["feedback_shift"], [0] * self.point.hidden_rows
        for step in passed.steps:
            delta = rs(feedback * self.derivatives[abs(step.code[j])], shift)
            for i, word in enumerate([*step.words[:-1], self.point.words]):
                gradient[i] += word * delta
        return gradient

    def _factor(self, layer: str, row: int, column: int) -> int:
        """Factor of a weight in the sums of rule T1."""
        hidden = layer == "hidden"
        j, i = (column, row) if hidden else (self.point.hidden + column, self.point.features + row)
        return 2 * (j * self.point.hidden_rows + i) + 1

    def _column(self, learnt: LearningTrace, network: Network, layer: str, column: int, steps: list[int]) -> None:
        """Accumulate and pulse one column. Rules L12 to L14 and J3."""
        dues = [self._due(learnt, layer, row, column, step) for row, step in enumerate(steps)]
        missed = pulse_column(self.point, network, layer, column, dues, learnt.pulses[layer])
        limit = self._limit
        for row, each in missed.items():
            chi = self.chi[layer][row]
            factor = self.settings["accumulator_level"] * self.settings["verify_feedback"]
            bits = self.settings["verify_reads"].bit_length() - 1 + self.point.fine_bits + 3
            chi[column] = sat(chi[column] + rs(each * factor, bits), limit)

    @property
    def _limit(self) -> int:
        return 2 ** (self.settings["accumulator_bits"] - 1) - 1

    def _due(self, learnt: LearningTrace, layer: str, row: int, column: int, step: int) -> int:
        """Pulses that are due, up where positive."""
        level, most = self.settings["accumulator_level"], self.settings["max_pulses"]
        if not self.accumulates:
            bits = level.bit_length() - 1
            drawn = self._rounding(layer, row, column) & (1 << bits) - 1
            due = min(abs(step) + drawn >> bits, most)
            return -due if step > 0 else due
        chi = sat(self.chi[layer][row][column] - step, self._limit)
        due = min(abs(chi) // level, most) * (-1 if chi < 0 else 1)
        chi -= due * level
        learnt.accumulator_sum = learnt.accumulator_sum + chi * self._factor(layer, row, column) & WORD
        self.chi[layer][row][column] = chi
        return due

    def _rounding(self, layer: str, row: int, column: int) -> int:
        """A 16-bit slice of a draw. Rule L15."""
        hidden = layer == "hidden"
        i = row if hidden else self.point.features + row
        index = (0 if hidden else 1 << 16) + column
        pair = words(self.seed, STOCHASTIC_ROUNDING, sequence=self.count, index=index, lane=i // 4)
        return pair[i % 4 // 2] >> 16 * (i % 2) & 0xFFFF
