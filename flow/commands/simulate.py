"""``remora simulate``."""

from __future__ import annotations

from collections.abc import Iterable
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
from remora.flow.tools.given_options import LARGEST_SEED, SEED_VARIABLE, refuse_given
from remora.spec.lib.extras import require_extra

if TYPE_CHECKING:
    from remora.golden.data.load import SequenceSet
    from remora.spec.crossbar.design import DesignPoint

DEFAULT_LIMIT = 200
WAVES_LIMIT = 2
QUICK_PASSES = 2
QUICK_OFFLINE_PASSES = 30
"""Bistable cells learn offline, in seconds, but from little at first."""
QUICK_SEQUENCES = 1500
ANALOG_CLIPS = 100
ANALOG_WAVES_CLIPS = 1
ONLY_LEARNING = ("learn", "tasks", "update", "replay_capacity", "replay_ratio")
ONLY_ANALOG = ("noise", "mismatch", "bias_error", "paced", "stream")


def command(
    context: typer.Context,
    config: Annotated[str, typer.Argument(metavar="CONFIG", help="Name of a preset, or a TOML file.")],
    data: Annotated[
        str,
        typer.Option(
            help="mnist, synthetic, or your own .npz with x and y, optionally lengths and split (then its test set is "
            "run, else every sequence); of an analog core keywords or synthetic. By default "
            "what fits the design."
        ),
    ] = "auto",
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            help=f"Sequences, all tasks together; {DEFAULT_LIMIT}, or {WAVES_LIMIT} with --waves. Of an analog core "
            f"clips; {ANALOG_CLIPS}, or {ANALOG_WAVES_CLIPS} with --waves.",
        ),
    ] = None,
    seed: Annotated[
        int,
        typer.Option(
            min=0, max=LARGEST_SEED, envvar=SEED_VARIABLE, help="Seed of stalls and of registers without a reset value."
        ),
    ] = 1,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            help="Weights and gates that `remora train` saved, also for a design point of other tiles, lanes, clock or "
            "learning; accumulators, reservoir and counts start empty. Trains "
            "quickly where not given, but with --tasks begins anew; an analog core then takes the bundled network."
        ),
    ] = None,
    stall: Annotated[float, typer.Option(min=0, max=0.95, help="Probability that a stream pauses in a cycle.")] = 0.0,
    learn: Annotated[bool, typer.Option("--learn", help="Hardware that learns; every sequence is learnt.")] = False,
    tasks: TasksOption = None,
    update: UpdateOption = None,
    replay_capacity: CapacityOption = None,
    replay_ratio: RatioOption = None,
    noise: Annotated[bool, typer.Option("--noise", help="Analog core: noise at every node, anew each frame.")] = False,
    mismatch: Annotated[bool, typer.Option("--mismatch", help="Analog core: mirrors differ from their ratio.")] = False,
    bias_error: Annotated[
        bool, typer.Option("--bias-error", help="Analog core: bias currents differ from their code.")
    ] = False,
    paced: Annotated[
        bool, typer.Option("--paced", help="Analog core: frames at their pace of 10 ms instead of back to back.")
    ] = False,
    stream: Annotated[
        bool, typer.Option("--stream", help="Analog core: clips end to end, core never cleared, a vote that slides.")
    ] = False,
    waves: Annotated[Path | None, typer.Option(help="Record waveforms to this file, .vcd or .fst (smaller).")] = None,
    keep: Annotated[
        Path | None,
        typer.Option(
            help="Keep inputs, trace and log in this directory: a new or an empty one, or that of an earlier run."
        ),
    ] = None,
    json: JsonOption = None,
) -> None:
    """Run the generated Verilog on real sequences under Verilator and compare every step with golden.

    Streamed words, ADC codes, candidates, states, readout and decision must agree exactly; with bistable cells streamed
    words, bitline sums, states, readout and decision. With --learn, error,
    feedback, gradients, accumulators and pulses of every sequence must too, of what is replayed as well, what the
    reservoir keeps, and at the end every weight. Exits 1 at any difference and shows the first one in context.

    An analog core hears clips of words: features, currents, cells, classes and charge of every frame must agree, and
    the vote of every clip; with --stream, or vote.sliding in the design point, the vote of every frame, and when it
    wakes. --noise, --mismatch and --bias-error switch its non-idealities on.

    Examples: remora simulate mnist --limit 500 --json result.json · remora simulate mnist --learn · remora simulate
    mnist --learn --tasks 2 --limit 1000 · remora simulate tiny --waves tiny.vcd · remora simulate kws --noise
    --json kws.json
    """
    require_extra("remora simulate", "sim")
    from remora.spec.bmru.design import AnalogDesign
    from remora.spec.lib.section import Design
    from remora.spec.presets import load_design

    design = load_design(config, Design)
    named = (keep, config, data, checkpoint)
    if isinstance(design, AnalogDesign):
        from remora.flow.commands.simulate_bmru import simulate_core

        refuse_given(context, ONLY_LEARNING, f"'{config}' is an analog core, which is trained offline")
        switched = {"noise": noise, "mismatch": mismatch, "bias_error": bias_error}
        clips = limit or (ANALOG_WAVES_CLIPS if waves else ANALOG_CLIPS)
        waves = _checked(waves, json, named)
        simulate_core(design, data, clips, seed, checkpoint, stall, switched, paced, stream, waves, keep, json)
        return
    refuse_given(context, ONLY_ANALOG, f"'{config}' is a crossbar accelerator, and this is for analog cores")
    from remora.flow.report.notes import say_moved, say_notes
    from remora.flow.systems.crossbar.simulate import result_table, simulate
    from remora.flow.systems.crossbar.train import train_network
    from remora.flow.verify.simulation import check_kept
    from remora.golden.crossbar.weights import initial_weights
    from remora.golden.data.tasks import task_stream
    from remora.golden.learning.checkpoint import Checkpoint, load_checkpoint

    options = LearningOptions(tasks, update, replay_capacity, replay_ratio)
    options.require(learn)
    design = options.apply(config, **({"enabled": True} if learn else {}))
    waves = _checked(waves, json, named)
    say_notes(design)
    check_kept(keep)
    default = WAVES_LIMIT if waves else DEFAULT_LIMIT
    if tasks:
        training, _ = _load(design, data)
        test = task_stream(training, limit or default, tasks, design.learning.seed)
        console().print(f"{len(test):,} sequences in {tasks} tasks")
    else:
        training, test = _sequences(design, data, limit, default)
    if checkpoint:
        network = load_checkpoint(checkpoint, design)
        say_moved(checkpoint, network)
    elif tasks:
        network = Checkpoint.of(design, initial_weights(design))
    else:
        training = training.first(min(QUICK_SEQUENCES, len(training)))
        passes = QUICK_OFFLINE_PASSES if design.capabilities.bistable else QUICK_PASSES
        console().print(f"no checkpoint given: training {passes} passes over {len(training):,} sequences")
        network = train_network(design, training, None, passes)
    simulated = simulate(
        design,
        test,
        network,
        seed=seed,
        stall=stall,
        learn=learn,
        waves=waves,
        keep=keep.absolute() if keep else None,
    )
    console().print(result_table(simulated.result))
    write_json(json, simulated.result)
    simulated.check()
    console().print("[bold green]hardware and golden agree exactly[/bold green]")


def _checked(waves: Path | None, json: Path | None, named: Iterable[Path | str | None]) -> Path | None:
    """The file for waveforms, after the check of all results.

    Args:
        named: what else the command line names.

    Raises:
        RemoraError: its name says no format, that format cannot be recorded here, or a path is named twice.
        OSError: a result cannot be written.
    """
    from remora.flow.tools.build import check_waves, wave_format

    if waves:
        check_waves(wave_format(waves))
    check_results(waves, json, beside=named)
    return waves.absolute() if waves else None


def _sequences(design: DesignPoint, data: str, limit: int | None, default: int) -> tuple[SequenceSet, SequenceSet]:
    """Sequences to train on where there is no checkpoint, and those to simulate."""
    training, test = _load(design, data)
    count = limit or min(default, len(test))
    chosen = test.first(count)
    console().print(f"{count:,} of {len(test):,} sequences")
    return training, chosen


def _load(design: DesignPoint, data: str) -> tuple[SequenceSet, SequenceSet]:
    """Training and test set; a file of the user's own that has no split is run as it is, and trained on likewise."""
    from remora.golden.data.load import default_data, load
    from remora.golden.data.own_data import load_own, split

    name = default_data(design) if data == "auto" else data
    console().print(f"data: {name}")
    if name in ("mnist", "synthetic"):
        return load(design, name)
    whole, test = load_own(Path(name), design)
    return (whole, whole) if test is None else split(Path(name), whole, test)
