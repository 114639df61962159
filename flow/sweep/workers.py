"""Who does the units of work: this process, local processes, or the workers of a Dask cluster.

Dask hands the units out, and does a unit again whose worker has died. Workers on this machine store what they have
done. What the workers of a cluster have done is stored by the process that asked for it, so that it needs no shared
disk.
"""

from __future__ import annotations

import pickle
import sys
import threading
import traceback
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from queue import Empty, SimpleQueue
from tempfile import TemporaryDirectory
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from remora.flow.report.console import console
from remora.flow.report.provenance import project_version
from remora.flow.sweep.clusters import HERE, Workers, client_of
from remora.flow.sweep.units import Advance, Context, Store, Unit
from remora.flow.tools.children import signals_end
from remora.spec.lib.errors import RemoraError

if TYPE_CHECKING:
    from distributed import Client, Future

AHEAD = 2
"""Units that lie at the scheduler for each worker, so that none waits for this process."""
RECOUNT_S = 1.0
"""Time between two counts of the workers: a cluster grows and shrinks."""

_one_at_a_time = threading.Lock()
"""Of a worker that has several threads: units change what a whole process shares, such as standard output."""


class WorkersDied(RemoraError):
    """Every worker that was given a unit died."""


class GivenUp(RemoraError):
    """A cluster has no result of a unit."""


class VersionDiffers(RemoraError):
    """A worker has another version of the project, or of Python, than the command."""


class Done(NamedTuple):
    """A unit that is done.

    Attributes:
        number: its position among the units.
        stored: it, with ``result`` and ``provenance``; or what its work raised, with the traceback as a note.
        before: a result of an earlier run.
    """

    number: int
    stored: dict[str, Any] | Exception
    before: bool


def do_all(store: Store, units: Sequence[Unit], workers: Workers, advance: Advance) -> Iterator[Done]:
    """Do every unit that is not stored, and store it; each as it is done, those that were stored first.

    Units of the same parameters are done once.

    Args:
        advance: as of `Context`; work that is done elsewhere comes unit by unit.

    Raises:
        RemoraError: there is no such cluster, its scheduler is gone, or its workers have another version of the
            project.
        OSError: a result cannot be written; the error names the file.
    """
    alike: dict[str, list[int]] = defaultdict(list)
    for number, unit in enumerate(units):
        alike[store.key(unit)].append(number)
    left = []
    for numbers in alike.values():
        found = store.find(units[numbers[0]])
        if found is None:
            left.append(numbers)
            continue
        advance(sum(units[number].cost for number in numbers))
        yield from (Done(number, found, True) for number in numbers)
    if not left:
        return
    do = _here if workers == HERE else _elsewhere
    for position, stored in do(store, [units[numbers[0]] for numbers in left], workers, advance):
        advance(sum(units[number].cost for number in left[position][1:]))
        yield from (Done(number, stored, False) for number in left[position])


Outcome = dict[str, Any] | Exception
"""A stored unit, or what its work raised."""


def _here(store: Store, units: Sequence[Unit], workers: Workers, advance: Advance) -> Iterator[tuple[int, Outcome]]:
    for number, unit in enumerate(units):
        yield number, _attempt(store, unit, advance)


def _attempt(store: Store, unit: Unit, advance: Advance) -> Outcome:
    try:
        return store.do(unit, advance)
    except Exception as error:
        error.add_note(traceback.format_exc())
        return error


def _elsewhere(
    store: Store, units: Sequence[Unit], workers: Workers, advance: Advance
) -> Iterator[tuple[int, Outcome]]:
    local = workers.cluster is None
    with client_of(workers, len(units)) as client:
        cluster = _Handing(client, workers, store, units)
        for number, found in cluster.results():
            if not isinstance(found, Exception):
                advance(units[number].cost)
            # Workers of this machine have stored it.
            yield number, found if local or isinstance(found, Exception) else store.keep(units[number], found)


class _Handing:
    """Hands units to the workers of a cluster, a few more than there are workers, and takes what they give."""

    def __init__(self, client: Client, workers: Workers, store: Store, units: Sequence[Unit]) -> None:
        self._client, self._store, self._units, self._said = client, store, units, False
        self._local, self._name = workers.cluster is None, workers.cluster
        self._numbers: dict[Future, int] = {}
        self._finished: SimpleQueue[Future] = SimpleQueue()
        self._workers, self._counted = 0, 0.0

    def results(self) -> Iterator[tuple[int, Outcome]]:
        """What became of every unit, as it comes.

        Raises:
            RemoraError: the scheduler is gone, or a worker has another version.
        """
        waiting, suspects = iter(range(len(self._units))), []
        self._submit(islice(waiting, AHEAD * self._count()))
        while self._numbers:
            number, result = self._next()
            self._submit(islice(waiting, max(0, AHEAD * self._count() - len(self._numbers))))
            if isinstance(result, WorkersDied):
                suspects.append(number)
            else:
                yield number, result
        # Dask suspects all that lay at a worker that died. Alone, a unit shows whether it was the cause.
        for number in suspects:
            self._submit([number])
            yield self._next()

    def _submit(self, numbers: Iterator[int] | list[int]) -> None:
        for number in numbers:
            try:
                future = self._client.submit(
                    _do_apart, _version(), self._store, self._units[number], self._local, pure=False
                )
            except Exception as error:
                raise self._gone() from error
            self._numbers[future] = number
            future.add_done_callback(self._finished.put)

    def _next(self) -> tuple[int, Outcome]:
        """The next unit of which something is known."""
        while True:
            try:
                future = self._finished.get(timeout=RECOUNT_S)
                break
            except Empty:
                if self._client.status in ("closed", "closing"):
                    raise self._gone() from None
                self._count()
        result = _result(future)
        if isinstance(result, VersionDiffers):
            raise result
        if isinstance(result, GivenUp) and self._client.status != "running":
            raise self._gone()
        return self._numbers.pop(future), result

    def _count(self) -> int:
        """Workers that are there, at least one; those that a cluster is still without are told of once."""
        if monotonic() - self._counted >= RECOUNT_S:
            try:
                self._workers, self._counted = len(self._client.ncores()), monotonic()
            except Exception as error:
                raise self._gone() from error
            if not self._workers and not self._local and not self._said:
                self._said = True
                console(stderr=True).print(f"{self._name} has no workers yet; waiting for the first", soft_wrap=True)
        return max(1, self._workers)

    def _gone(self) -> RemoraError:
        what = "this machine's scheduler" if self._local else f"the scheduler of {self._name}"
        return RemoraError(f"{what} is gone; what is done is stored: run the command again to go on")


def _do_apart(version: str, store: Store, unit: Unit, local: bool) -> Outcome:
    """In a worker: a unit as it is stored, or on a cluster its result; or what its work raised, as far as it can be
    sent.
    """
    if version != _version():
        return VersionDiffers(f"a worker has {_version()}, and this is {version}: make them the same")
    with _one_at_a_time, signals_end():
        if local:
            found = _attempt(store, unit, lambda work: None)
        else:
            found = _attempt_there(unit)
    if isinstance(found, Exception):
        try:
            pickle.loads(pickle.dumps(found))
        except Exception:
            sent = RemoraError(f"{type(found).__name__}: {found}")
            for note in found.__notes__:
                sent.add_note(note)
            return sent
    return found


def _attempt_there(unit: Unit) -> Outcome:
    """A unit's result, on a machine that may have another disk: its state is lost with its worker."""
    try:
        with TemporaryDirectory(prefix="remora-unit-") as folder:
            state, shared = Path(folder) / "state", Path(folder) / "shared"
            state.mkdir()
            return unit.work(Context(lambda work: None, state, shared))
    except Exception as error:
        error.add_note(traceback.format_exc())
        return error


def _result(future: Future) -> Outcome:
    """What `_do_apart` gave, or why the cluster has nothing; it waits for a result that is made again."""
    from distributed.scheduler import KilledWorker

    try:
        return future.result()
    except KilledWorker:
        return WorkersDied("every worker that was given this unit died; give fewer --jobs if memory is short")
    except Exception as error:
        return GivenUp(f"the cluster gave this unit up: {error}")


def _version() -> str:
    return f"remora {project_version()} on Python {sys.version_info[0]}.{sys.version_info[1]}"
