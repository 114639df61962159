"""`remora simulate` and `remora train` of a crossbar design."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from remora.flow.report.console import console
from remora.flow.report.notes import say_moved, say_notes
from remora.flow.report.provenance import provenance
from remora.flow.systems.crossbar.options import (
    DEFAULT_LIMIT,
    WAVES_LIMIT,
    CrossbarSimulateOptions,
    CrossbarTrainOptions,
)
from remora.flow.systems.crossbar.run import CrossbarCase
from remora.flow.systems.crossbar.simulate import simulate
from remora.flow.systems.crossbar.spares.map_file import read_spares
from remora.flow.systems.crossbar.train import passes_table, train_network
from remora.flow.systems.crossbar.train_tasks import summarise_tasks, tasks_table, train_tasks
from remora.flow.tools.durations import seconds_of
from remora.flow.verify.simulation import Simulated
from remora.golden.crossbar.weights import initial_weights
from remora.golden.data.load import SequenceSet, default_data, load, load_test
from remora.golden.data.own_data import load_own, split
from remora.golden.data.tasks import task_stream
from remora.golden.learning.checkpoint import Checkpoint, load_checkpoint
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.spares.spare_map import SpareMap
from remora.spec.devices.model import ticks
from remora.spec.devices.section import Devices
from remora.spec.devices.suggestions import suggestion
from remora.spec.lib.errors import RemoraError
from remora.spec.lib.validation import validated

QUICK_PASSES = 2
QUICK_OFFLINE_PASSES = 30
"""Bistable cells learn offline, in seconds, but from little at first."""
QUICK_SEQUENCES = 1500
ONLY_LEARNING = ("tasks", "update", "replay_capacity", "replay_ratio")


def simulate_with(design: DesignPoint, options: CrossbarSimulateOptions) -> Simulated[CrossbarCase]:
    """Find data and a network as the options say, and simulate.

    Raises:
        RemoraError: the options do not fit, or what they name; whatever the parts raise.
    """
    options.require(options.learn)
    if options.heal and not options.learn:
        raise RemoraError(f"--heal {options.heal}: only what is learnt is replayed; add --learn, or leave --heal out")
    healing = {"healing": True} if options.heal else {}
    design = options.apply(design, **({"enabled": True, **healing} if options.learn else {}))
    design = _with_devices(design, options)
    age = seconds_of(options.age) if options.age else 0.0
    ticks(design.devices, age)  # refuses it before anything is trained
    say_notes(design)
    spares = read_spares(options.spares, design) if options.spares else None
    limit = options.limit or (WAVES_LIMIT if options.waves or options.toggles or options.gates else DEFAULT_LIMIT)
    training, test = _load(design, options.data)
    if options.tasks:
        test = task_stream(training(), limit, options.tasks, design.learning.seed)
        console().print(f"{len(test):,} sequences in {options.tasks} tasks")
    else:
        total, test = len(test), test.first(options.limit or min(limit, len(test)))
        console().print(f"{len(test):,} of {total:,} sequences")
    return simulate(
        design,
        test,
        _network(design, training, options, spares),
        seed=options.seed,
        stall=options.stall,
        learn=options.learn,
        waves=options.waves and options.waves.absolute(),
        toggles=options.toggles and options.toggles.absolute(),
        gates=options.gates,
        keep=options.keep and options.keep.absolute(),
        jobs=options.jobs,
        heal=options.heal,
        age=age,
        spares=spares,
    )


def _with_devices(design: DesignPoint, options: CrossbarSimulateOptions) -> DesignPoint:
    """The design point with the devices that the options ask for.

    Raises:
        ConfigError: they do not fit it. RemoraError: an option asks something of ideal devices.
    """
    given = {"model": options.devices, "seed": options.device_seed}
    given = {name: value for name, value in given.items() if value is not None}
    origin = f"{options.origin or design.name} with other devices"
    if options.devices:
        # Pulses take as long as these devices need, and an accumulator's level is what such a pulse moves.
        asked = suggestion(design, validated(Devices, design.devices.given() | given, "--devices"))
        design = design.evolve(origin=origin, devices=given, **asked.changes)
        console().print(
            f"devices: {options.devices}; a pulse takes {asked.pulse_cycles:,} cycles and moves {asked.mean_step:.2f} "
            f"levels on average, so an accumulator's level is {asked.accumulator_level:,}"
        )
    elif given:
        design = design.evolve(origin=origin, devices=given)
    if design.devices.ideal:
        options.refuse(
            ["device_seed", "age"], "the devices are ideal, and neither err nor age; name some with --devices"
        )
    return design


def _network(
    design: DesignPoint,
    training: Callable[[], SequenceSet],
    options: CrossbarSimulateOptions,
    spares: SpareMap | None = None,
) -> Checkpoint:
    """That of the checkpoint; else the one that learning begins with, or one that is trained quickly."""
    if options.checkpoint:
        network = load_checkpoint(options.checkpoint, design)
        say_moved(options.checkpoint, network)
        return network
    if options.tasks:
        return Checkpoint.of(design, initial_weights(design))
    sequences = training()
    sequences = sequences.first(min(QUICK_SEQUENCES, len(sequences)))
    passes = QUICK_OFFLINE_PASSES if design.capabilities.bistable else QUICK_PASSES
    console().print(f"no checkpoint given: training {passes} passes over {len(sequences):,} sequences")
    return train_network(design, sequences, None, passes, spares=spares)


def _load(design: DesignPoint, data: str) -> tuple[Callable[[], SequenceSet], SequenceSet]:
    """What gives the training set, and the test set; a file of the user's own that has no split is run as it is, and
    trained on likewise."""
    name = default_data(design) if data == "auto" else data
    console().print(f"data: {name}")
    if name in ("mnist", "synthetic"):
        return lambda: load(design, name)[0], load_test(design, name)
    whole, test = load_own(Path(name), design)
    training, unseen = (whole, whole) if test is None else split(Path(name), whole, test)
    return lambda: training, unseen


def train_with(design: DesignPoint, options: CrossbarTrainOptions) -> dict:
    """Train as the options say, print what came of it, and return it.

    Raises:
        RemoraError: the options do not fit, or what they name; whatever the parts raise.
    """
    if design.capabilities.bistable:
        options.refuse(ONLY_LEARNING, f"'{options.origin}' has bistable cells, which are trained offline")
    design = options.apply(design)
    if options.tasks and options.task:
        raise RemoraError(
            f"--task {options.task} and --tasks {options.tasks}: give one task, or how many follow each other"
        )
    # Golden learns by the fields of learning whether or not the hardware does.
    say_notes(design if design.capabilities.bistable else design.evolve(learning={"enabled": True}))
    if options.tasks:
        options.refuse(["passes"], "with --tasks every sequence is learnt once")
        return _train_tasks(design, options, options.tasks)
    return _train_passes(design, options)


def _train_passes(design: DesignPoint, options: CrossbarTrainOptions) -> dict:
    training, test = load(design, options.data, train=options.limit, task=options.task)
    console().print(f"{design.name}: {len(training):,} training and {len(test):,} test sequences")
    checkpoint = train_network(design, training, test, options.passes, options.output, fresh=options.fresh)
    history = checkpoint.metadata["passes"]
    console().print(passes_table(checkpoint.metadata))
    console().print(f"checkpoint: {options.output}")
    result = {"design": design.name, "design_hash": design.hash, "checkpoint": str(options.output), "passes": history}
    result |= {key: value for key, value in checkpoint.metadata.items() if key.endswith("_accuracy")}
    # What the chip reaches on data that it has not seen.
    result["accuracy"] = result.get("codes_accuracy", history[-1]["test_accuracy"])
    return result | provenance(design.learning.seed)


def _train_tasks(design: DesignPoint, options: CrossbarTrainOptions, tasks: int) -> dict:
    training, test = load(design, options.data)
    sequences = options.limit or tasks * len(training)
    console().print(f"{design.name}: {sequences:,} sequences in {tasks} tasks")
    checkpoint = train_tasks(design, training, test, sequences, tasks, options.output, fresh=options.fresh)
    history = checkpoint.metadata["tasks"]
    console().print(tasks_table(history))
    console().print(f"checkpoint: {options.output}")
    result = {"design": design.name, "design_hash": design.hash, "checkpoint": str(options.output)}
    return result | summarise_tasks(history) | provenance(design.learning.seed)
