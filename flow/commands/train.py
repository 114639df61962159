"""``remora train``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from remora.flow.report.console import JsonOption, check_results, console, write_json
from remora.flow.systems.crossbar.learning_options import (
    CapacityOption,
    LearningOptions,
    RatioOption,
    TasksOption,
    UpdateOption,
)
from remora.flow.tools.given_options import LARGEST_SEED, refuse_given
from remora.spec.lib.errors import RemoraError

if TYPE_CHECKING:
    from remora.golden.data.load import SequenceSet
    from remora.spec.crossbar.design import DesignPoint

ONLY_LEARNING = ("tasks", "update", "replay_capacity", "replay_ratio")
ONLY_CROSSBAR = ("data", "passes", "limit", "task", *ONLY_LEARNING, "fresh")
ONLY_ANALOG = ("normalisation", "seed")


def command(
    context: typer.Context,
    config: Annotated[str, typer.Argument(metavar="CONFIG", help="Name of a preset, or a TOML file.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="Checkpoint to write, and to continue if it is there: tiles, lanes and clock may have changed since, "
            "what training depends on may not. Of an analog core the network to write: it is trained anew, and "
            "replaces what is there.",
        ),
    ] = Path("checkpoint.npz"),
    data: Annotated[
        str,
        typer.Option(
            help="mnist, synthetic, or a .npz file of your own (x, y, optionally lengths and split; without a split "
            "every fifth sequence is for testing); by default what fits the design."
        ),
    ] = "auto",
    passes: Annotated[int, typer.Option(min=1, help="Passes over the training set, in all.")] = 15,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="Use only the first so many training sequences; with --tasks, so many in all."),
    ] = None,
    task: Annotated[int, typer.Option(min=0, help="Pixel permutation of the digits; 0 is none.")] = 0,
    tasks: TasksOption = None,
    update: UpdateOption = None,
    replay_capacity: CapacityOption = None,
    replay_ratio: RatioOption = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin again instead of continuing the checkpoint.")] = False,
    normalisation: Annotated[
        str, typer.Option(help="Analog core: features normalised per clip (clip) or by a running mean (running).")
    ] = "clip",
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Analog core: seed of the training.")] = 1,
    json: JsonOption = None,
) -> None:
    """Train a design point: where the chip learns, golden as the chip would; what cannot learn on chip, offline.

    The crossbar accelerator with the MiRU cell (mnist, tiny …) learns online, by direct feedback alignment, in
    integers. Saves after every pass and continues where an interrupted training stopped. With --tasks it learns the
    very sequences that `remora simulate --learn --tasks` learns, each once, and saves after every task.

    A design with bistable cells (mnist-bmru) is trained in floating point and exported as codes at the end. The analog
    core (kws, kws16) is trained in floating point to spot a keyword, on the clips of Speech Commands that REMORA_DATA
    has, else on the few that ship; of the options only --output, --normalisation, --seed and --json bear on it.

    Examples: remora train mnist -o digits.npz --passes 15 · remora train mnist --tasks 2 --limit 1000 -o tasks.npz ·
    remora train mnist-bmru -o bistable.npz --passes 30 · remora train kws -o kws.npz --normalisation running
    """
    from remora.flow.report.notes import say_notes
    from remora.flow.systems.bmru.train import train_keywords
    from remora.golden.data.load import load
    from remora.spec.bmru.design import AnalogDesign
    from remora.spec.lib.section import Design
    from remora.spec.presets import load_design

    if isinstance(found := load_design(config, Design), AnalogDesign):
        refuse_given(context, ONLY_CROSSBAR, f"'{config}' is an analog core, whose training takes no such option")
        say_notes(found)
        check_results(output, json, beside=[config])
        write_json(json, train_keywords(found, output, normalisation, seed))
        return
    refuse_given(context, ONLY_ANALOG, f"'{config}' is a crossbar accelerator, and this is for analog cores")
    if load_design(config).capabilities.bistable:
        refuse_given(context, ONLY_LEARNING, f"'{config}' has bistable cells, which are trained offline")
    design = LearningOptions(tasks, update, replay_capacity, replay_ratio).apply(config)
    if tasks and task:
        raise RemoraError(f"--task {task} and --tasks {tasks}: give one task, or how many follow each other")
    # Golden learns by the fields of learning whether or not the hardware does.
    say_notes(design if design.capabilities.bistable else design.evolve(learning={"enabled": True}))
    if tasks:
        refuse_given(context, ["passes"], "with --tasks every sequence is learnt once")
    check_results(output, json, beside=[config, data])
    if tasks:
        result = _train_tasks(design, *load(design, data), limit, tasks, output, fresh)
    else:
        result = _train_passes(design, *load(design, data, train=limit, task=task), passes, output, fresh)
    write_json(json, result)


def _train_passes(
    design: DesignPoint, training: SequenceSet, test: SequenceSet, passes: int, output: Path, fresh: bool
) -> dict:
    from remora.flow.report.provenance import provenance
    from remora.flow.systems.crossbar.train import passes_table, train_network

    console().print(f"{design.name}: {len(training):,} training and {len(test):,} test sequences")
    checkpoint = train_network(design, training, test, passes, output, fresh=fresh)
    history = checkpoint.metadata["passes"]
    console().print(passes_table(checkpoint.metadata))
    console().print(f"checkpoint: {output}")
    result = {"design": design.name, "design_hash": design.hash, "checkpoint": str(output), "passes": history}
    result |= {key: value for key, value in checkpoint.metadata.items() if key.endswith("_accuracy")}
    return result | provenance(design.learning.seed)


def _train_tasks(
    design: DesignPoint,
    training: SequenceSet,
    test: SequenceSet,
    limit: int | None,
    tasks: int,
    output: Path,
    fresh: bool,
) -> dict:
    from remora.flow.report.provenance import provenance
    from remora.flow.systems.crossbar.train_tasks import summarise_tasks, tasks_table, train_tasks

    sequences = limit or tasks * len(training)
    console().print(f"{design.name}: {sequences:,} sequences in {tasks} tasks")
    checkpoint = train_tasks(design, training, test, sequences, tasks, output, fresh=fresh)
    history = checkpoint.metadata["tasks"]
    console().print(tasks_table(history))
    console().print(f"checkpoint: {output}")
    result = {"design": design.name, "design_hash": design.hash, "checkpoint": str(output)}
    return result | summarise_tasks(history) | provenance(design.learning.seed)
