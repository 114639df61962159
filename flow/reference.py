"""Golden's side of a run: what the hardware must give for a stimulus, a stretch of sequences at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flow.stimulus import Stimulus
from golden.inference import infer
from golden.learn_trace import LearningReference
from golden.miru import Saturations, trace_records
from golden.weights import Weights
from spec.design import DesignPoint


@dataclass(frozen=True)
class Expected:
    """Of S sequences: trace records by kind, of which those of learning are always there, scores and decisions."""

    records: dict[str, NDArray]
    scores: NDArray[np.int16]
    decision: NDArray[np.int64]


class Reference:
    """Goes through the sequences of a stimulus in order.

    Attributes:
        saturations, learnt, applied, dropped: sums so far: saturated codes and words, sequences learnt, pulses applied,
        pulses dropped.
    """

    def __init__(self, design: DesignPoint, stimulus: Stimulus, trace: bool) -> None:
        self.design, self.stimulus, self.trace = design, stimulus, trace
        self.saturations, self.learnt, self.applied, self.dropped = Saturations(), 0, 0, 0
        self._learning = (
            LearningReference(design, stimulus.weights, stimulus.coefficients) if design.learning.enabled else None
        )

    @property
    def weights(self) -> Weights:
        """Weights after the sequences so far."""
        return self._learning.trainer.weights if self._learning else self.stimulus.weights

    def advance(self, start: int, end: int) -> Expected:
        """The sequences from ``start`` to before ``end``; each stretch begins where the last ended."""
        stimulus, chosen = self.stimulus, slice(start, end)
        features, lengths, tags = (each[chosen] for each in (stimulus.features, stimulus.lengths, stimulus.tags))
        if self._learning:
            learnt = self._learning.advance(
                features, lengths, stimulus.labels[chosen], stimulus.learns[chosen], tags, self.trace
            )
            self.saturations += learnt.saturations
            self.learnt += learnt.sequences
            self.applied, self.dropped = self.applied + learnt.applied, self.dropped + learnt.dropped
            return Expected(learnt.records, learnt.scores, learnt.decision)
        inference = infer(self.design, stimulus.weights, features, lengths, stimulus.coefficients, record=self.trace)
        self.saturations += inference.saturations
        records = trace_records(self.design, inference, tags, first_sequence=start) if self.trace else {}
        return Expected(records, inference.scores, inference.decision)
