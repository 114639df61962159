"""Tasks that come one after the other, as continual learning presents them: the same classes, features permuted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from remora.golden.data.load import DataError, SequenceSet, permuted
from remora.spec.lib.rng import Purpose, permutation


def presented(data: SequenceSet, count: int, seed: int, task: int) -> NDArray[np.int64]:
    """Order in which a task presents ``count`` sequences: each once, and again only when all have been. Rule H7."""
    passes = -(-count // len(data))
    # Orders are numbered from 2^16 on in each task, apart from those of plain training.
    orders = [permutation(seed, Purpose.SHUFFLE, len(data), (task + 1 << 16) + number) for number in range(passes)]
    return np.concatenate(orders)[:count]


def task_sizes(sequences: int, tasks: int) -> list[int]:
    """Sequences of each task, ``sequences`` in all; the first tasks have one more where that does not divide.

    Raises:
        DataError: fewer sequences than tasks.
    """
    if not 1 <= tasks <= sequences:
        raise DataError(f"{sequences} sequences do not make {tasks} tasks; give each task at least one sequence")
    share, rest = divmod(sequences, tasks)
    return [share + (task < rest) for task in range(tasks)]


def of_one_length(data: SequenceSet) -> SequenceSet:
    """The set with ``x`` as long as its sequences are, all of them alike, and without ``lengths``.

    Raises:
        DataError: the sequences differ in length, so that features would move beyond the end of some.
    """
    shortest, longest = int(data.steps.min()), int(data.steps.max())
    if shortest != longest:
        raise DataError(
            f"tasks permute the features of all steps, and these sequences have {shortest} to {longest} steps: give "
            "sequences of one length"
        )
    return SequenceSet(data.x[:, :longest], data.y)


def permuted_task(data: SequenceSet, task: int, seed: int) -> SequenceSet:
    """The set as task ``task`` (from 0) sees it: features of all steps in the fixed order of permutation ``task + 1``.

    Rule H7.

    Permutation 0, the identity, is no task: all tasks are to be of one kind.

    Raises:
        DataError: the sequences differ in length.
    """
    data = of_one_length(data)
    return SequenceSet(permuted(data.x, task + 1, seed), data.y)


def task_stream(data: SequenceSet, sequences: int, tasks: int, seed: int) -> SequenceSet:
    """``sequences`` in all, task after task, each in its own order.

    Raises:
        DataError: fewer sequences than tasks, or sequences that differ in length.
    """
    data, parts = of_one_length(data), []
    for task, count in enumerate(task_sizes(sequences, tasks)):
        order = presented(data, count, seed, task)
        parts.append(permuted_task(data.where(order), task, seed))
    return SequenceSet(np.concatenate([part.x for part in parts]), np.concatenate([part.y for part in parts]))
