"""Clusters of Dask: local processes, a scheduler that is there already, and the jobs of a batch system."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from remora.flow.tools.children import end_children_by_signals, end_workers
from remora.spec.lib.errors import RemoraError

if TYPE_CHECKING:
    from distributed import Client

DEATHS = 3
"""Workers of this machine that a unit may outlive; when another dies on it, it is suspected."""
CONNECT_S = 30

QUEUES = {
    "htcondor": "HTCondorCluster", "local-queue": "LocalCluster", "lsf": "LSFCluster", "moab": "MoabCluster",
    "oar": "OARCluster", "pbs": "PBSCluster", "sge": "SGECluster", "slurm": "SLURMCluster",
}  # fmt: skip
"""Batch system → class of dask-jobqueue, which Dask's own configuration files describe."""


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


@contextmanager
def client_of(workers: Workers, units: int) -> Iterator[Client]:
    """A client of a cluster, for so many units.

    Raises:
        RemoraError: it cannot be reached or started.
    """
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
            client = stack.enter_context(Client(stack.enter_context(_local(min(workers.jobs, units)))))
            client.register_plugin(_ends())
        elif workers.cluster in QUEUES:
            client = stack.enter_context(Client(stack.enter_context(_queue(workers))))
        else:
            try:
                client = stack.enter_context(Client(workers.cluster, timeout=CONNECT_S))
            except (OSError, ValueError) as error:
                reason = f"--cluster {workers.cluster}: no Dask scheduler answers there: {error}"
                raise RemoraError(reason) from error
        yield client


@contextmanager
def _local(jobs: int) -> Iterator[Any]:
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=jobs,
        threads_per_worker=1,
        processes=True,
        # Its pages are of no use, but cannot be left out; any free port will do.
        dashboard_address="127.0.0.1:0",
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
    name = str(workers.cluster)
    try:
        import dask_jobqueue
        from dask_jobqueue import local
    except ImportError as error:
        raise RemoraError(f"--cluster {name} needs dask_jobqueue: pip install dask-jobqueue") from error
    kind = getattr(local if name == "local-queue" else dask_jobqueue, QUEUES[name])
    try:
        cluster = kind()
    except (ValueError, OSError, RuntimeError) as error:
        raise RemoraError(f"--cluster {name}: Dask's configuration of it does not do: {error}") from error
    with cluster:
        cluster.scale(jobs=workers.jobs)
        yield cluster


def _ends() -> Any:
    from distributed import WorkerPlugin

    class Ends(WorkerPlugin):
        """A signal that ends a worker ends what its unit has started; that of the terminal goes to the command."""

        def setup(self, worker: Any) -> None:
            end_children_by_signals()

    return Ends()
