"""What an update of the learning engine shows and leaves: an account in numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from remora.golden.crossbar.cell import feature_words
from remora.spec.crossbar.column_groups import accumulator_rows, column_groups, rounded_rows
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer
from remora.spec.crossbar.learning import accumulator_words, fault_words
from remora.spec.crossbar.verify.verified_cycles import Writing
from remora.tb.lib.bench import pack
from remora.tb.models import learning as model


@dataclass
class Seen:
    """What an update shows: once each, in order, and counted.

    Attributes:
        begun: first column and feedback of each group.
        captured: column, fold, which columns learn, and gradients of all lanes of those that are there.
        updated: column, fold, lane and χ.
        pulses: how many, by column, row of the layer, direction and side of the pair.
        columns: in which pulses were given, in order.
        counts: pulses applied and dropped, and devices, by layer.
        done: how many columns are, each number once.
    """

    begun: list[tuple[int, list[int]]] = field(default_factory=list)
    captured: list[tuple[int, int, int, list[int]]] = field(default_factory=list)
    updated: list[tuple[int, int, int, list[int]]] = field(default_factory=list)
    pulses: Counter[tuple[int, int, str, int]] = field(default_factory=Counter)
    columns: list[int] = field(default_factory=list)
    counts: Counter[tuple[str, int]] = field(default_factory=Counter)
    done: list[int] = field(default_factory=lambda: [0])


@dataclass
class Sequence:
    """What the core has of a sequence when its update starts."""

    length: int
    label: int
    scores: list[int]
    features: list[list[int]]
    words: list[list[int]]
    codes: list[list[int]]
    readout_words: list[int]


class Account:
    """χ, marks and the number of the last update, and what becomes of them.

    Attributes:
        number: q.
        chi: by word, those of its rows.
        marks: of each column, as rule M16 lays them out.
        after: χ after the update that was looked at last, where it is complete.
        due: pulses of that update by column and row, and whether they are dropped.
        learn: hidden units that learn in it.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design, self.number = design, 0
        self.hidden, self.classes = design.network.hidden, design.network.classes
        self.held, self.rows = accumulator_rows(design), rounded_rows(design)
        self.accumulates, self.compensates = design.capabilities.accumulates, design.capabilities.compensates
        self.lanes, self.folds = design.learning_lanes, design.learning_folds
        self.feature_words = [int(word) for word in feature_words(design)]
        self.chi = [[0] * self.rows for _ in range(accumulator_words(design) if self.accumulates else 0)]
        self.marks = [0] * (fault_words(design) if self.compensates else 0)
        self.after: list[list[int]] = []
        self.due: dict[int, dict[int, tuple[int, bool]]] = {}
        self.learn: tuple[int, ...] = ()

    def gradient(self, sequence: Sequence, factors: list[int], readout: bool) -> list[int]:
        """Σ m·δ of every row of the hidden layer; those of the readout begin with the states."""
        network, bias = self.design.network, self.design.formats.stream_limit
        total = [0] * self.design.hidden_rows
        for step, factor in enumerate(factors):
            if readout:
                words = [0] * network.features + sequence.readout_words
            else:
                states = sequence.words[step] if step else [0] * self.hidden
                words = [self.feature_words[feature] for feature in sequence.features[step]] + states
            total = [old + word * factor for old, word in zip(total, [*words, bias], strict=True)]
        return total

    def expect(self, sequence: Sequence, design: DesignPoint, winners: int, rates: tuple[int, int]) -> Seen:
        """What an update shows that is complete; χ change as they do in it."""
        seen, error = Seen(), model.errors(design, sequence.scores, sequence.label)
        feedback = [model.feedback(design, error, column) for column in range(self.hidden)]
        learns = [*model.winners(feedback, winners), *([True] * self.classes)]
        self.after = [list(chi) for chi in self.chi]
        self.due = {}
        self.learn = tuple(column for column in range(self.hidden) if learns[column])
        for group in column_groups(design):
            readout, columns = group.layer is Layer.READOUT, range(group.first, group.first + group.count)
            mask = pack([learns[column] for column in columns], 1)
            if not readout:
                seen.begun.append((group.first, [feedback[column] for column in columns]))
            if not mask:
                continue
            gradients = {}
            for column in columns:
                factors = [error[column - self.hidden]] if readout else [
                    model.delta(design, feedback[column], sequence.codes[step][column])
                    for step in range(sequence.length)
                ]  # fmt: skip
                gradients[column] = self.gradient(sequence, factors, readout)
            for fold in range(self.folds):
                of_fold = [
                    gradients[column][row] if row < design.hidden_rows else 0
                    for column in columns
                    for row in range(fold * self.lanes, (fold + 1) * self.lanes)
                ]
                seen.captured.append((group.first, fold, mask, of_fold))
            for fold in range(self.folds):
                for column in (column for column in columns if learns[column]):
                    self._update(seen, design, column, fold, gradients[column], rates[readout])
        return seen

    def _update(self, seen: Seen, design: DesignPoint, column: int, fold: int, gradients: list[int], rate: int) -> None:
        """Rows of a fold of a column: new χ, and pulses."""
        readout, words = column >= self.hidden, len(self.held) // self.folds
        for word in range(fold * words, (fold + 1) * words):
            address, chi = column * len(self.held) + word, []
            for position, row in enumerate(map(int, self.held[word])):
                gradient = gradients[row] if row >= 0 else 0
                if self.accumulates:
                    moved = model.move(design, self.chi[address][position], gradient, readout, rate)
                    pulses, raised = moved.pulses, moved.raised
                    chi.append(moved.accumulator)
                else:
                    of_layer = column - readout * self.hidden
                    number = model.rounding_number(
                        design, design.learning.seed, self.number, readout, of_layer, max(0, row)
                    )
                    pulses, raised = model.rounded(design, number, gradient, readout, rate)
                if pulses and row >= readout * design.network.features:
                    self._pulse(seen, column, row, pulses, raised)
            if self.accumulates:
                self.after[address] = chi
                seen.updated.append((column, fold, (word - fold * words) * self.rows, chi))

    def _pulse(self, seen: Seen, column: int, row: int, pulses: int, raised: bool) -> None:
        """Pulses of a weight whose devices are neither at rest nor full: first to the device against the change."""
        layer = int(column >= self.hidden)
        marks = self.marks[column] >> 2 * row & 3 if self.compensates else 0
        side, row = int(raised), row - layer * self.design.network.features
        self.due.setdefault(column, {})[row] = pulses, marks == 3
        if not marks >> side & 1:
            what = "down", side
        elif not marks >> (1 - side) & 1:
            what = "up", 1 - side
        else:
            seen.counts["dropped", layer] += pulses
            return
        seen.pulses[column, row, *what] += pulses
        seen.counts["applied", layer] += pulses
        seen.counts["devices", layer] += 1

    def end(self, columns: int) -> None:
        """The update ends, with so many columns done."""
        words = len(self.held)
        self.chi = [(self.after if at // words < columns else self.chi)[at] for at in range(len(self.chi))]

    def writings(self) -> dict[int, Writing]:
        """How long each column with pulses is written."""
        found, rows_of_tile = {}, self.design.crossbar.rows
        for column, due in self.due.items():
            cycles = 0
            for first in range(0, max(due) + 1, rows_of_tile):
                of_tile = [due[row] for row in range(first, first + rows_of_tile) if row in due]
                launches = max((pulses for pulses, _ in of_tile), default=0)
                strobes = max((pulses for pulses, dropped in of_tile if not dropped), default=0)
                cycles += launches + strobes * self.design.crossbar.pulse_cycles + 1
            found[column] = Writing(cycles)
        return found
