"""Who does the units of work: this process, local processes, or the workers of a Dask cluster.

Dask hands the units out, and does a unit again whose worker has died. A result is stored by the process that asked for
it, so that a cluster needs no shared disk.
"""

from __future__ import annotations

import logging
import pickle
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from remora.flow.report.provenance import project_version
from remora.flow.sweep.units import Advance, Store, Unit
from remora.flow.tools.children import end_children_by_signals, end_workers, signals_end
from remora.spec.lib.errors import RemoraError

if TYPE_CHECKING:
    from distributed import Client, Future

DEATHS = 3
"""Workers that a unit may outlive; when another dies on it, it has failed."""
AHEAD = 2
"""Units that lie at the scheduler for each worker, so that none waits for this process."""
RECOUNT = 64
"""Units after which the workers are counted again: a cluster grows and shrinks."""
CONNECT_S = 30

QUEUES = {
    "htcondor": "HTCondorCluster", "local-queue": "LocalCluster", "lsf": "LSFCluster", "moab": "MoabCluster",
    "oar": "OARCluster", "pbs": "PBSCluster", "sge": "SGECluster", "slurm": "SLURMCluster",
}  # fmt: skip
"""Batch system → class of dask-jobqueue, which Dask's own configuration files describe."""

_one_at_a_time = threading.Lock()
"""Of a worker that has several threads: units change what a whole process shares, such as standard output."""


class WorkersDied(RemoraError):
    """Every worker that was given a unit died."""


class Workers(NamedTuple):
    """Who does the work.

    Attributes:
        jobs: processes here, or jobs of the batch system; one does it in this process.
        cluster: address of a Dask scheduler, or a key of `QUEUES`; None for this machine.
    """

    jobs: int = 1
    cluster: str | None = None


HERE = Workers()
"""This process."""


class Done(NamedTuple):
    """A unit that is done.

    Attributes:
        number: its place among the units.
        stored: it, with ``result`` and ``provenance``; or what its work raised.
        before: a result of an earlier run.
    """

    number: int
    stored: dict[str, Any] | Exception
    before: bool


def do_all(store: Store, units: Sequence[Unit], workers: Workers, advance: Advance) -> Iterator[Done]:
    """Do every unit that is not stored, and store it; each as it is done, those that were stored first.

    Args:
        advance: as of `Context`; work that is done elsewhere comes unit by unit.

    Raises:
        RemoraError: there is no such cluster, or its workers have another version of the project.
        OSError: a result cannot be written; the error names the file.
    """
    left = []
    for number, unit in enumerate(units):
        found = store.find(unit)
        if found is None:
            left.append(number)
            continue
        advance(unit.cost)
        yield Done(number, found, True)
    done = _done_here if workers == HERE else _done_elsewhere
    for number, result in done(store, units, left, workers, advance) if left else ():
        yield Done(number, result if isinstance(result, Exception) else store.keep(units[number], result), False)


def _done_here(
    store: Store, units: Sequence[Unit], left: Sequence[int], workers: Workers, advance: Advance
) -> Iterator[tuple[int, dict[str, Any] | Exception]]:
    for number in left:
        try:
            result: dict[str, Any] | Exception = store.do(units[number], advance)
        except Exception as error:
            result = error
        yield number, result


def _done_elsewhere(
    store: Store, units: Sequence[Unit], left: Sequence[int], workers: Workers, advance: Advance
) -> Iterator[tuple[int, dict[str, Any] | Exception]]:
    from distributed import as_completed

    with _client(workers) as client:
        waiting, numbers, finished = iter(left), {}, 0
        suspects = []
        results = as_completed()

        def submit(wanted: int) -> None:
            for number in islice(waiting, max(0, wanted)):
                future = client.submit(_do_apart, store, units[number], pure=False)
                numbers[future] = number
                results.add(future)

        submit(AHEAD * _threads(client))
        for future in results:
            number = numbers.pop(future)
            result = _result(future)
            finished += 1
            submit(1 if finished % RECOUNT else AHEAD * _threads(client) - len(numbers))
            if isinstance(result, WorkersDied):
                suspects.append(number)
                continue
            if not isinstance(result, Exception):
                advance(units[number].cost)
            yield number, result
        # Dask suspects all that lay at a worker that died. Alone, a unit shows whether it was the cause.
        for number in suspects:
            result = _result(client.submit(_do_apart, store, units[number], pure=False))
            if not isinstance(result, Exception):
                advance(units[number].cost)
            yield number, result


def _result(future: Future) -> dict[str, Any] | Exception:
    """What `_do_apart` gave, or why the cluster has nothing; it waits for a result that is made again."""
    from distributed.scheduler import KilledWorker

    try:
        return future.result()
    except KilledWorker:
        return WorkersDied(f"{DEATHS + 1} workers died on this unit; give fewer --jobs if memory is short")
    except Exception as error:
        return RemoraError(f"the cluster gave this unit up: {error}")


def _do_apart(store: Store, unit: Unit) -> dict[str, Any] | Exception:
    """A unit's result, or what its work raised, as far as it can be sent."""
    try:
        with _one_at_a_time, signals_end():
            return store.do(unit, lambda work: None)
    except Exception as error:
        error.add_note(traceback.format_exc())
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:
            return RemoraError(f"{type(error).__name__}: {error}")
        return error


# Clusters -------------------------------------------------------------------------------------------------------------
@contextmanager
def _client(workers: Workers) -> Iterator[Client]:
    """A client of the cluster, of which every worker has this version of the project."""
    import dask
    from distributed import Client

    settings = {
        "distributed.scheduler.allowed-failures": DEATHS,
        # Data goes with the unit that needs it; Dask would call each an anti-pattern.
        "distributed.admin.large-graph-warning-threshold": "1GB",
        "distributed.comm.timeouts.connect": f"{CONNECT_S}s",
    }
    with ExitStack() as stack:
        stack.enter_context(dask.config.set(settings))
        if workers.cluster is None:
            cluster: Any = stack.enter_context(_local(workers.jobs))
        elif workers.cluster in QUEUES:
            cluster = stack.enter_context(_queue(workers))
        else:
            cluster = workers.cluster
        try:
            client = stack.enter_context(Client(cluster, timeout=CONNECT_S))
        except (OSError, ValueError) as error:
            raise RemoraError(f"--cluster {workers.cluster}: no Dask scheduler answers there: {error}") from error
        if workers.cluster is None:
            client.register_plugin(_ends())
        _check_version(client)
        yield client


@contextmanager
def _local(jobs: int) -> Iterator[Any]:
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=jobs,
        threads_per_worker=1,
        processes=True,
        dashboard_address=None,
        # What is too large for the machine ends as it does in one process.
        memory_limit=0,
        silence_logs=logging.CRITICAL,
    ) as cluster:
        try:
            yield cluster
        finally:
            # Dask kills a worker that is at work, and what its unit has started would go on.
            for nanny in cluster.workers.values():
                nanny.auto_restart = False
            end_workers()


@contextmanager
def _queue(workers: Workers) -> Iterator[Any]:
    """Jobs of a batch system; Dask's configuration says what each asks for."""
    assert workers.cluster is not None
    try:
        import dask_jobqueue
        from dask_jobqueue import local
    except ImportError as error:
        raise RemoraError(f"--cluster {workers.cluster} needs dask_jobqueue: pip install dask-jobqueue") from error
    kind = getattr(local if workers.cluster == "local-queue" else dask_jobqueue, QUEUES[workers.cluster])
    with kind() as cluster:
        cluster.scale(jobs=workers.jobs)
        yield cluster


def _ends() -> Any:
    from distributed import WorkerPlugin

    class Ends(WorkerPlugin):
        """A signal that ends a worker ends what its unit has started; that of the terminal goes to the command."""

        def setup(self, worker: Any) -> None:
            end_children_by_signals()

    return Ends()


def _threads(client: Client) -> int:
    """Threads of all workers; one where none is there yet."""
    return max(1, sum(client.ncores().values()))


def _check_version(client: Client) -> None:
    """Raises ``RemoraError`` where a worker has another version of the project, or of Python, than this process."""
    own = _version()
    for address, found in client.run(_version).items():
        if found != own:
            raise RemoraError(f"worker {address} has {found}, and this is {own}: make them the same")


def _version() -> str:
    return f"remora {project_version()} on Python {sys.version_info[0]}.{sys.version_info[1]}"
