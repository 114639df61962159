"""``remora experiment``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flow.console import JsonOption, console, write_json


def command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="One of those below.")],
    quick: Annotated[bool, typer.Option("--quick", help="Small: two minutes on two cores.")] = False,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Seed of everything that is drawn.")] = 1,
    sequences: Annotated[
        int | None, typer.Option(min=16, help="New sequences, in each task where there are several.")
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Where results, figures and finished work go.")
    ] = Path("build/experiments"),
    json: JsonOption = None,
) -> None:
    """Run a named experiment: JSON result with provenance, and figures.

    What is finished is kept in DIR and not done again, so an interrupted experiment is resumed by the same command.
    The full MNIST and CIFAR-10 features are found through REMORA_DATA; without it the shipped digits are used.

    bit-streaming: error of weighted-bit streaming against full precision, by stream bits and ADC bits.

    convergence: direct feedback alignment against backpropagation through time on one task; alignment of the feedback.

    continual: permuted MNIST and split CIFAR-10 in five tasks, with and without replay, against the software baseline.

    keyword-spotting: a keyword on the analog core, five-fold over speakers, in float and in codes.

    noise-immunity: the error that enters a bistable cell against the error that leaves it.

    power-scaling: power of cells and mirrors over the width of the analog core.

    Example: remora experiment continual --quick --json continual.json
    """
    from flow.experiments import find_experiment
    from flow.experiments.runner import Options, run_experiment

    result, lines = run_experiment(name, find_experiment(name), Options(seed, quick, output, sequences))
    for line in lines:
        console().print(line, soft_wrap=True)
    write_json(json, result)
