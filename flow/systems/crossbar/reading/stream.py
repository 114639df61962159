"""A stream of sequences through one chip: what is inferred, learnt, replayed and inserted, in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from remora.flow.systems.crossbar.reading.inference import Inference, Network, Passed
from remora.flow.systems.crossbar.reading.learning import LAYERS, LearningTrace, Updates
from remora.flow.systems.crossbar.reading.point import Point
from remora.flow.systems.crossbar.reading.reservoir import NO_SLOT, Inserted, Reservoir

HEALING_RATES = (2, 2)
"""``HEAL_RATES`` after reset."""


@dataclass
class Happened:
    """One sequence in a context: its tag, what it passed through, and what was learnt of it and of which slot."""

    tag: int
    passed: Passed
    learnt: LearningTrace | None = None
    slot: int = NO_SLOT
    label: int = 0
    inserted: Inserted | None = None


class Chip:
    """A chip that reads a stream.

    Attributes:
        happened: sequences in the order in which they got their contexts, replays among them. ``counts``: counters.
        first: place in the stream of the first sequence.
    """

    def __init__(self, fields: Mapping[str, Mapping[str, Any]], network: Network) -> None:
        self.point, self.network = Point.of(fields), network
        self.inference, self.updates = Inference(self.point), Updates(self.point)
        self.reservoir = Reservoir(self.point)
        self.happened: list[Happened] = []
        self.counts: Counter[str] = Counter()
        self.first = 0

    def sequence(self, features: list[list[int]], *, tag: int, label: int = 0, learn: bool = False) -> Happened:
        """A packet: inferred, and where ``learn`` learnt, followed by replays and inserted. Rule M2."""
        one = self._infer(features, tag)
        self.counts.update(sequences=1, steps=len(features))
        if learn:
            self._learn(one, label)
            self.counts.update(learned=1)
            if self.reservoir.capacity:
                self.reservoir.present()
                slots = self.reservoir.replays()
                for slot in slots:
                    self._replay(slot, (0, 0), tag)
                self.counts.update(replayed=len(slots))
                one.inserted = self.reservoir.insert(features, label, len(slots))
                self.counts.update(accepted=one.inserted.slot != NO_SLOT)
        return one

    def command(self, ratio: int, freeze: bool, clear: bool) -> None:
        """What software tells the reservoir. Rule M7."""
        self.reservoir.ratio, self.reservoir.frozen = ratio, freeze
        if clear:
            self.reservoir.clear()

    def heal(self, count: int) -> None:
        """So many healing replays; none of an empty reservoir. Rules M11 and M12."""
        for _ in range(count if self.reservoir.slots else 0):
            self._replay(self.reservoir.healing(self.updates.count), HEALING_RATES, 0)
            self.counts.update(healed=1)

    def _infer(self, features: list[list[int]], tag: int) -> Happened:
        passed = self.inference.run(self.network, features, self.first + len(self.happened) & 0xFFFFFFFF)
        self.counts.update(
            codes=passed.codes, adc_saturations=passed.adc_saturations, word_saturations=passed.word_saturations
        )
        self.happened.append(Happened(tag, passed))
        return self.happened[-1]

    def _learn(self, one: Happened, label: int, rates: tuple[int, int] = (0, 0)) -> None:
        one.label = label
        one.learnt = self.updates.learn(self.network, one.passed, label, rates)
        for layer in LAYERS:
            self.counts.update({f"{layer}_{name}": count for name, count in one.learnt.pulses[layer].items()})

    def _replay(self, slot: int, rates: tuple[int, int], tag: int) -> None:
        features, label = self.reservoir.recalled(slot)
        one = self._infer(features, tag)
        one.slot = slot
        self.reservoir.decided(one.passed.readouts[-1].decision == label)
        self._learn(one, label, rates)
