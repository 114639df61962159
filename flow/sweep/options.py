"""Flags that say who does the work of an experiment or a sweep."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from remora.flow.sweep.clusters import QUEUES, Workers
from remora.spec.lib.errors import RemoraError

MOST_JOBS = 256

JobsOption = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        "-j",
        min=1,
        max=MOST_JOBS,
        help="Pieces of work that are done at once, each in a process of its own, by default one; of a batch system, "
        "its jobs.",
    ),
]
CoresOption = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        "-j",
        min=1,
        max=MOST_JOBS,
        help="Design points that are measured at once, each in a process of its own, by default as many as there are "
        "cores; of a batch system, its jobs.",
    ),
]
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
