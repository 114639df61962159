"""Tasks one after the other: their sizes, their permutations, their order."""

from __future__ import annotations

import numpy as np
import pytest

from remora.golden.data.load import DataError, SequenceSet, load
from remora.golden.data.tasks import permuted_task, presented, task_sizes, task_stream
from remora.spec.crossbar.design import DesignPoint
from remora.spec.presets import load_design


def numbered(count: int) -> SequenceSet:
    """Sequences of two steps and three features, all different."""
    return SequenceSet(np.arange(6 * count, dtype=np.uint8).reshape(count, 2, 3), np.arange(count))


@pytest.mark.parametrize(("sequences", "tasks", "sizes"), [(7, 1, [7]), (7, 3, [3, 2, 2]), (3, 3, [1, 1, 1])])
def test_sizes(sequences, tasks, sizes):
    assert task_sizes(sequences, tasks) == sizes
    assert len(task_stream(numbered(4), sequences, tasks, seed=1)) == sequences


@pytest.mark.parametrize("tasks", [0, 4])
def test_too_few_sequences_are_refused(tasks):
    with pytest.raises(DataError, match=f"3 sequences do not make {tasks} tasks"):
        task_sizes(3, tasks)


def test_a_task_permutes_features_of_all_steps_alike_in_every_sequence():
    data = numbered(5)
    first, second = (permuted_task(data, task, seed=3) for task in range(2))
    for task in (first, second):
        order = task.x[0].reshape(-1)
        assert sorted(order) == list(range(6)) and order.tolist() != list(range(6))
        np.testing.assert_array_equal(task.x.reshape(5, 6), data.x.reshape(5, 6)[:, order])
        np.testing.assert_array_equal(task.y, data.y)
    assert (first.x != second.x).any()


def test_the_stream_presents_each_sequence_once_before_any_twice_and_whole():
    """Rule H7."""
    data = numbered(5)
    stream = task_stream(data, 14, 2, seed=3)
    for task, part in enumerate((slice(0, 7), slice(7, 14))):
        order = presented(data, 7, 3, task)
        assert sorted(order[:5]) == list(range(5))
        np.testing.assert_array_equal(stream.y[part], order)
        np.testing.assert_array_equal(stream.x[part], permuted_task(data, task, 3).x[order])


def test_what_the_lengths_say_decides_not_whether_they_are_given():
    plain = numbered(5)
    longer = SequenceSet(np.pad(plain.x, ((0, 0), (0, 3), (0, 0))), plain.y, np.full(5, 2))
    np.testing.assert_array_equal(permuted_task(longer, 1, 3).x, permuted_task(plain, 1, 3).x)
    found, expected = (task_stream(data, 14, 2, seed=3) for data in (longer, plain))
    np.testing.assert_array_equal(found.x, expected.x)
    assert found.lengths is None


def test_sequences_that_differ_in_length_are_refused_whichever_are_drawn():
    data = SequenceSet(numbered(5).x, np.arange(5), np.array([2, 2, 2, 2, 1]))
    for sequences in (1, 5):
        with pytest.raises(DataError, match="these sequences have 1 to 2 steps: give sequences of one length"):
            task_stream(data, sequences, 1, seed=3)


def test_digits_are_permuted_as_load_does():
    design = load_design("mnist", DesignPoint)
    plain, loaded = (load(design, "mnist", train=20, task=task, seed=9)[0] for task in (0, 2))
    np.testing.assert_array_equal(permuted_task(plain, 1, 9).x, loaded.x)
