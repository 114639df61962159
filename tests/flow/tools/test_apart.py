"""Work in processes of its own: results in order, the first error, and a process that dies is told."""

from __future__ import annotations

import os
import signal
from multiprocessing import active_children

import pytest

from remora.flow.tools.apart import working_apart
from remora.spec.lib.errors import RemoraError


def test_results_come_in_the_order_of_the_items_and_from_other_processes():
    with working_apart(lambda number: (number * number, os.getpid()), [3, 1, 2]) as apart:
        results = apart.results()
    assert [square for square, _ in results] == [9, 1, 4]
    assert len({process for _, process in results} | {os.getpid()}) == 4
    assert not active_children()


def test_the_first_error_is_raised_as_it_was():
    def work(number: int) -> int:
        if number:
            raise RemoraError(f"number {number}")
        return number

    with pytest.raises(RemoraError, match="number 1") as raised, working_apart(work, [0, 1, 2]) as apart:
        apart.results()
    assert "in work" in raised.value.__notes__[0] and not active_children()


def test_a_process_that_dies_is_told():
    with (
        pytest.raises(RemoraError, match="status -9 before its work was done; give fewer --jobs"),
        working_apart(lambda number: os.kill(os.getpid(), signal.SIGKILL), [0]) as apart,
    ):
        apart.results()
