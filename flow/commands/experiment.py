"""``remora experiment``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from remora.flow.report.console import JsonOption, check_results, console, write_json
from remora.flow.sweep.options import ClusterOption, JobsOption, workers_of
from remora.flow.tools.seeds import LARGEST_SEED
from remora.spec.lib.extras import require_extra


def command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="One of those below.")],
    quick: Annotated[bool, typer.Option("--quick", help="Small: two minutes on two cores.")] = False,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Seed of everything that is drawn.")] = 1,
    seeds: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=1000,
            help="Number of seeds, from --seed up, for mean and spread. By default 1; keyword-spotting has 3.",
        ),
    ] = None,
    sequences: Annotated[
        int | None,
        typer.Option(
            min=16,
            help="Of bit-streaming, convergence, continual and the experiments on real devices: new sequences, in each "
            "task where there are several.",
        ),
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A setting of the experiment; repeatable.")
    ] = None,
    jobs: JobsOption = None,
    cluster: ClusterOption = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Where results, figures and finished work go.")
    ] = Path("build/experiments"),
    json: JsonOption = None,
) -> None:
    """Run a named experiment: JSON result with provenance, charts as PNG and SVG, and their numbers as CSV.

    The command stores finished work in DIR and does not repeat it: run it again to resume an experiment. It finds the
    full MNIST, CIFAR-10 features and Speech Commands through REMORA_DATA. Without it the command takes the bundled
    digits and clips of words.

    ageing: devices that age by up to ten years, with and without healing, and the energy of both.

    bit-streaming: error of weighted-bit streaming against full precision, by stream bits and ADC bits.

    convergence: direct feedback alignment against backpropagation through time on one task; alignment of the feedback.

    continual: permuted MNIST and split CIFAR-10 in five tasks, with and without replay, against the software baseline.

    devices: permuted MNIST learnt on real devices, moved to them, and healed there by replay.

    endurance: pulses a device by rule of learning and kind of row, and its life from two accelerated wear-outs.

    feedback: verified learning on real devices: points lost against pulses, for six feedback gains.

    keyword-spotting: a keyword on the BMRU accelerator, five-fold over speakers, in float, in codes and in hardware.

    noise-immunity: the error that enters a bistable cell against the error that leaves it.

    power-scaling: power of cells and mirrors over the width of the BMRU accelerator.

    requirements: the spread, asymmetry, noise, drift and yield that are tolerated for a loss of 1, 3 and 5 points.

    yield: what is lost by the share of devices that are stuck: learnt, moved and healed.

    --set changes a setting that one experiment alone has. The command answers an unknown name with the known ones.

    Example: remora experiment continual --seeds 5 --set ratio=1 --json continual.json
    """
    require_extra("remora experiment", "plot", "sweep")
    from remora.flow.experiments import ExperimentError, find_experiment
    from remora.flow.experiments.runner import Options, run_experiment
    from remora.flow.experiments.settings import read_settings

    if seeds and seed + seeds > 2**32:
        raise ExperimentError(f"--seeds {seeds} from --seed {seed} up passes 2**32 - 1, the largest seed")
    module = find_experiment(name)
    if sequences and not getattr(module, "TAKES_SEQUENCES", False):
        raise ExperimentError(f"--sequences {sequences}: experiment '{name}' takes no number of them; leave it out")
    workers = workers_of(jobs, cluster, 1)
    options = Options(seed, quick, output, sequences, seeds, read_settings(name, module, settings or []))
    check_results(json, beside=[output])
    result, lines = run_experiment(name, module, options, workers)
    for line in lines:
        console().print(line, soft_wrap=True)
    write_json(json, result)
