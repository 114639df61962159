"""Flags that say who does the work of an experiment or a sweep."""

from __future__ import annotations

import os
from typing import Annotated, Any

import typer

from remora.flow.sweep.clusters import QUEUES, Workers
from remora.spec.lib.errors import RemoraError

MOST_JOBS = 256


def _jobs(what: str, otherwise: str) -> Any:
    """The flag of a number of jobs.

    Args:
        what: is done by them.
        otherwise: how many there are by default, in words.
    """
    words = f"{what} at once, each in a process of its own, by default {otherwise}; of a batch system, its jobs."
    return typer.Option("--jobs", "-j", min=1, max=MOST_JOBS, help=words)


JobsOption = Annotated[int | None, _jobs("Pieces of work that are done", "one")]
CoresOption = Annotated[int | None, _jobs("Design points that are measured", "as many as there are cores")]
ClusterOption = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="ADDRESS",
        help="Let the workers of a Dask cluster do it: the address of a scheduler, or the name of a batch system that "
        "Dask's configuration describes: htcondor, lsf, moab, oar, pbs, sge, slurm.",
    ),
]


def workers_of(jobs: int | None, cluster: str | None, otherwise: int) -> Workers:
    """Who does the work.

    Args:
        jobs: as given; ``otherwise`` where None.

    Raises:
        RemoraError: ``jobs`` is given, and would change nothing.
    """
    if cluster is not None and cluster not in QUEUES and jobs is not None:
        raise RemoraError(f"--jobs {jobs} with --cluster {cluster}: the cluster has its own workers; leave --jobs out")
    return Workers(jobs or otherwise, cluster)


def cores() -> int:
    """Cores that this process may run on, at most `MOST_JOBS`."""
    found = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(found, MOST_JOBS)
