"""Work on several things at once, each in a process of its own."""

from __future__ import annotations

import multiprocessing
import os
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Generic, TypeVar

from remora.flow.tools.children import Ended, end_workers, signals_end
from remora.spec.lib.errors import RemoraError

Item = TypeVar("Item")
Result = TypeVar("Result")


class Apart(Generic[Result]):
    """Work that has begun; ``results`` waits for it."""

    def __init__(self, workers: Sequence[tuple[BaseProcess, Connection]]) -> None:
        self._workers = workers

    def results(self) -> list[Result]:
        """What the work gave, in the order of the items.

        Raises:
            RemoraError: a process ended without a word.
            Exception: the first that the work raised.
        """
        found: list[Result] = []
        for process, receiver in self._workers:
            try:
                result = receiver.recv()
            except EOFError:
                process.join()
                raise RemoraError(
                    f"a worker ended with status {process.exitcode} before its work was done; give fewer --jobs if "
                    "memory is short"
                ) from None
            if isinstance(result, Exception):
                raise result
            found.append(result)
        return found


@contextmanager
def working_apart(work: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Apart[Result]]:
    """Begin the work on every item, a process each; whatever ends the block ends the processes.

    Begin before other threads do: a process is a copy of this one (fork), and what a thread holds locked stays locked.
    So nothing needs a way to be sent there, and a program without a guarded main module can call this.
    """
    context = multiprocessing.get_context("fork")
    workers: list[tuple[BaseProcess, Connection]] = []
    try:
        for item in items:
            receiver, sender = context.Pipe(duplex=False)
            process = context.Process(target=_work, args=(work, item, sender))
            process.start()
            sender.close()
            workers.append((process, receiver))
        yield Apart(workers)
    finally:
        end_workers(process for process, _ in workers)
        for _, receiver in workers:
            receiver.close()


def _work(work: Callable[[Item], Result], item: Item, sender: Connection) -> None:
    try:
        with signals_end():
            sender.send(work(item))
    except Exception as error:
        error.add_note(traceback.format_exc())
        sender.send(error)
    except Ended as end:
        os._exit(end.exit_code)
