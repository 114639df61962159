"""Flags that say who does the work of an experiment or a sweep."""

from __future__ import annotations

import os
from typing import Annotated

import typer

MOST_JOBS = 256
CORES = min(os.cpu_count() or 1, MOST_JOBS)
"""Jobs of what runs on all of this machine by default."""

JobsOption = Annotated[
    int,
    typer.Option(
        "--jobs",
        "-j",
        min=1,
        max=MOST_JOBS,
        help="Pieces of work that are done at once, each in a process of its own; of a batch system, its jobs.",
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
