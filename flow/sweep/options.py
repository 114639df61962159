"""Flags that say who does the work of an experiment or a sweep."""

from __future__ import annotations

from typing import Annotated

import typer

MOST_JOBS = 256

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
