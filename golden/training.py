"""Training over passes and evaluation: the loops around `golden.learning` and `golden.miru`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from golden.cell import Coefficients
from golden.data import SequenceSet
from golden.inference import infer
from golden.learning import DfaTrainer
from golden.replay import ReplayTrainer
from golden.weights import Weights
from spec.design import DesignPoint
from spec.rng import Purpose, permutation


@dataclass(frozen=True)
class PassResult:
    """One pass over the training set.

    Attributes:
        number: 1 for the first.
        sequences: how many were trained on.
        online_accuracy: share decided rightly just before each was learnt, 0 … 1.
        test_accuracy: after the pass; None where there is no test set.
        pulses_applied, pulses_dropped: over both layers, replays included.
    """

    number: int
    sequences: int
    online_accuracy: float
    test_accuracy: float | None
    pulses_applied: int
    pulses_dropped: int


def accuracy(
    design: DesignPoint, weights: Weights, data: SequenceSet, coefficients: Coefficients | None = None
) -> float:
    """Share of sequences that inference decides rightly, 0 … 1.

    Raises:
        ValueError: the set is empty or does not fit the design point.
    """
    if not len(data):
        raise ValueError("accuracy of no sequences at all is not defined")
    return float(np.mean(infer(design, weights, data.x, data.lengths, coefficients).decision == data.y))


def train(
    trainer: DfaTrainer | ReplayTrainer,
    data: SequenceSet,
    passes: int = 1,
    test: SequenceSet | None = None,
    progress: Callable[[int, int], None] | None = None,
    first_pass: int = 1,
) -> Iterator[PassResult]:
    """Train online, each pass in its own order drawn from the learning seed; yields after every pass.

    Rules H6 and R6.

    Args:
        trainer: changed in place; a `ReplayTrainer` replays as well.
        test: evaluated after every pass.
        progress: called after every sequence with the number done and the total over all passes.
        first_pass: number of the first pass, which decides its order, to continue an earlier training exactly.

    Raises:
        ValueError: the sequences do not fit the design point.
    """
    design, total = trainer.design, passes * len(data)
    labels = data.y.tolist()
    for number in range(first_pass, first_pass + passes):
        right = applied = dropped = 0
        order = permutation(design.learning.seed, Purpose.SHUFFLE, len(data), number)
        for place, chosen in enumerate(order.tolist(), 1 + (number - first_pass) * len(data)):
            update = trainer.train_sequence(data.sequence(chosen), labels[chosen])
            right += update.decision == labels[chosen]
            applied, dropped = applied + update.applied, dropped + update.dropped
            if progress:
                progress(place, total)
        reached = accuracy(design, trainer.weights, test, trainer.coefficients) if test else None
        yield PassResult(number, len(data), right / len(data), reached, applied, dropped)
