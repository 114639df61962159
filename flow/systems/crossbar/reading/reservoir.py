"""The reservoir of old sequences: rules M1 to M7, M11, M13 and T2."""

from __future__ import annotations

from dataclasses import dataclass

from remora.flow.systems.crossbar.reading.point import Point
from remora.flow.verify.reading.random_words import (
    HEALING_INDEX,
    REPLAY_INDEX,
    REPLAY_QUANTISER,
    RESERVOIR_INDEX,
    WORD,
    below,
    words,
)

NO_SLOT = WORD


@dataclass
class Stored:
    """A stored sequence: its label, and its features of four bits by step."""

    label: int
    steps: list[list[int]]


@dataclass
class Inserted:
    """What an insertion tells: the sequence number n, the slot or ``NO_SLOT``, what is stored there, and how many
    replays there were before it."""

    presented: int
    slot: int
    replays: int
    label: int = 0
    steps: int = 0
    stored_sum: int = 0


class Reservoir:
    """Old sequences of a chip.

    Attributes:
        presented: n. ``slots``: what is stored. ``frozen``: rule M7. ``ratio``: replays after each new sequence.
    """

    def __init__(self, point: Point) -> None:
        self.point, settings = point, point.fields["learning"]
        self.seed, self.capacity, self.ratio = settings["seed"], settings["replay_capacity"], settings["replay_ratio"]
        self.signed = point.fields["network"]["feature_signed"]
        self.presented, self.frozen = 0, False
        self.accuracy = WORD >> 16
        self.slots: list[Stored] = []

    def clear(self) -> None:
        """Forget all. Rule M7."""
        self.presented = 0
        self.slots = []

    def present(self) -> None:
        """Count a new training sequence. Rule M1."""
        self.presented = min(WORD, self.presented + 1)

    def replays(self) -> list[int]:
        """Slots that are replayed after a new sequence. Rules M2 and M3."""
        if not self.slots:
            return []
        filled = len(self.slots)
        return [below(filled, self.seed, REPLAY_INDEX, sequence=self.presented, index=r) for r in range(self.ratio)]

    def healing(self, updates: int) -> int:
        """Slot of a healing replay, q being ``updates`` before it. Rule M11."""
        return below(len(self.slots), self.seed, HEALING_INDEX, sequence=updates)

    def insert(self, features: list[list[int]], label: int, replays: int) -> Inserted:
        """Offer a new sequence, after so many replays. Rules M4 and M5."""
        slot = NO_SLOT if self.frozen else self._slot()
        if slot == NO_SLOT:
            return Inserted(self.presented, slot, replays)
        steps = [[self._quantised(byte, t, i) for i, byte in enumerate(step)] for t, step in enumerate(features)]
        self.slots[slot : slot + 1] = [Stored(label, steps)]
        width = self.point.features
        stored = sum(v * (2 * (t * width + i) + 1) for t, step in enumerate(steps) for i, v in enumerate(step))
        return Inserted(self.presented, slot, replays, label, len(steps), stored & WORD)

    def recalled(self, slot: int) -> tuple[list[list[int]], int]:
        """Feature bytes and label of a stored sequence. Rule M6."""
        stored = self.slots[slot]
        return [[17 * v - 128 * self.signed for v in step] for step in stored.steps], stored.label

    def decided(self, right: bool) -> None:
        """A replay was decided. Rule M13."""
        self.accuracy += (65535 - self.accuracy >> 8) if right else -(self.accuracy >> 8)

    def _slot(self) -> int:
        if len(self.slots) < self.capacity:
            return len(self.slots)
        drawn = below(self.presented, self.seed, RESERVOIR_INDEX, sequence=self.presented)
        return drawn if drawn < self.capacity else NO_SLOT

    def _quantised(self, byte: int, step: int, feature: int) -> int:
        drawn, _ = words(self.seed, REPLAY_QUANTISER, sequence=self.presented, index=step, lane=feature // 4)
        u = byte + 128 if self.signed else byte
        return 15 * u + (drawn >> 8 * (feature % 4) & 255) >> 8
