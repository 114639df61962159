"""Training over passes and evaluation: the loops around `remora.golden.learning.replay` and
`remora.golden.crossbar.miru`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.inference import infer
from remora.golden.crossbar.weights import Weights
from remora.golden.data.load import SequenceSet
from remora.golden.devices.state import DeviceState
from remora.golden.learning.replay import ReplayTrainer
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.rng import Purpose, permutation


@dataclass(frozen=True)
class Tally:
    """What learning some new sequences gave.

    Attributes:
        sequences: how many; `right`: those decided rightly just before each was learnt.
        replayed: sequences replayed; `accepted`: new sequences that the reservoir took.
        device_writes, pulses_dropped: pulses applied, and dropped because the pair was full, replays included.
    """

    sequences: int
    right: int
    replayed: int
    accepted: int
    device_writes: int
    pulses_dropped: int


@dataclass(frozen=True)
class PassResult:
    """One pass over the training set.

    Attributes:
        number: 1 for the first.
        online_accuracy: share decided rightly just before each was learnt, 0 … 1.
        test_accuracy: after the pass; None where there is no test set.
        pulses_applied, pulses_dropped: over both layers, replays included.
    """

    number: int
    online_accuracy: float
    test_accuracy: float | None
    pulses_applied: int
    pulses_dropped: int


def accuracy(
    design: DesignPoint,
    weights: Weights,
    data: SequenceSet,
    coefficients: Coefficients | None = None,
    devices: DeviceState | None = None,
) -> float:
    """Share of sequences that inference decides rightly, 0 … 1; arguments as of `infer`.

    Raises:
        ValueError: the set is empty or does not fit the design point.
    """
    if not len(data):
        raise ValueError("accuracy of no sequences at all is not defined")
    found = infer(design, weights, data.x, data.lengths, coefficients, devices=devices)
    return float(np.mean(found.decision == data.y))


def learn_sequences(
    trainer: ReplayTrainer, data: SequenceSet, order: Iterable[int], advance: Callable[[int], None] | None = None
) -> Tally:
    """Learn sequences one by one, with their replays.

    Args:
        trainer: changed in place.
        order: indices of the sequences.
        advance: called with 1 after every sequence.

    Raises:
        ValueError: a sequence does not fit the design point; those before it are learnt.
    """
    sequences = right = replayed = accepted = applied = dropped = 0
    for position in order:
        label = int(data.y[position])
        learned = trainer.train_sequence(data.sequence(position), label)
        sequences, right = sequences + 1, right + (learned.decision == label)
        replayed, accepted = replayed + len(learned.replays), accepted + (learned.accepted is not None)
        applied, dropped = applied + learned.applied, dropped + learned.dropped
        if advance:
            advance(1)
    return Tally(sequences, right, replayed, accepted, applied, dropped)


def train(
    trainer: ReplayTrainer,
    data: SequenceSet,
    passes: int = 1,
    test: SequenceSet | None = None,
    advance: Callable[[int], None] | None = None,
    first_pass: int = 1,
) -> Iterator[PassResult]:
    """Train online, each pass in its own order drawn from the learning seed; yields after every pass.

    Rules H6 and R6.

    Args:
        trainer: changed in place.
        test: evaluated after every pass.
        advance: as of `learn_sequences`.
        first_pass: number of the first pass, which decides its order, to continue an earlier training exactly.

    Raises:
        ValueError: the sequences do not fit the design point.
    """
    design = trainer.design
    for number in range(first_pass, first_pass + passes):
        order = permutation(design.learning.seed, Purpose.SHUFFLE, len(data), number)
        tally = learn_sequences(trainer, data, order.tolist(), advance)
        devices = trainer.dfa.devices
        reached = accuracy(design, trainer.weights, test, trainer.coefficients, devices) if test else None
        yield PassResult(number, tally.right / tally.sequences, reached, tally.device_writes, tally.pulses_dropped)
