"""Options of the commands that crossbar accelerators have of their own."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated

import typer

from remora.flow.systems.options import GenerateOptions, ImportOptions, Options, SimulateOptions, TrainOptions
from remora.flow.tools.seeds import LARGEST_SEED
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.learning import MOST_HEALING_REPLAYS
from remora.spec.lib.errors import ConfigError, RemoraError

TASK_CAPACITY = 1000
"""Sequences that the reservoir holds where tasks follow each other and neither design nor command says how many."""
DEFAULT_LIMIT = 200
WAVES_LIMIT = 2
"""Sequences that a simulation runs where none are asked for, and where waveforms or toggles are recorded."""
MOST_JOBS = 256
DEFAULT_PASSES = 15


@dataclass(frozen=True, kw_only=True)
class LearningOptions(Options):
    """What may be changed of how a design point learns; None where it is not given. Every field but `tasks` is one of
    the design point's section ``learning``."""

    tasks: Annotated[
        int | None,
        typer.Option(min=1, help="Learn so many tasks one after the other: pixel permutations of the training set."),
    ] = None
    update: Annotated[
        str | None, typer.Option(help="How devices are written: accumulate, direct, or a rule of an installed package.")
    ] = None
    replay_capacity: Annotated[
        int | None,
        typer.Option(
            min=0, help=f"Sequences that the reservoir holds; 0 is no replay. With --tasks {TASK_CAPACITY} by default."
        ),
    ] = None
    replay_ratio: Annotated[int | None, typer.Option(min=1, max=255, help="Sequences replayed after each new one.")] = (
        None
    )

    def require(self, learn: bool) -> None:
        """Refuse options of learning where nothing is learnt.

        Raises:
            RemoraError: an option is given, but ``learn`` is not.
        """
        if (given := list(self._learning())) and not learn:
            names = ", ".join(f"--{name.replace('_', '-')}" for name in given)
            raise RemoraError(f"{names}: nothing is learnt; add --learn, or leave out what only learning heeds")

    def apply(self, design: DesignPoint, **more) -> DesignPoint:
        """The design point as the options change it; ``more`` are further changes of its learning.

        Raises:
            ConfigError: the result is no legal design point, or a ratio is given but nothing is replayed.
        """
        given: dict[str, int | str] = {name: value for name, value in self._learning().items() if name != "tasks"}
        if self.tasks and not design.learning.replay_capacity:
            given = {"replay_capacity": TASK_CAPACITY, **given}
        if self.replay_ratio and not {**vars(design.learning), **given}["replay_capacity"]:
            raise ConfigError(
                f"learning.replay_ratio is {self.replay_ratio} but learning.replay_capacity is 0, so there is nothing "
                "to replay: add --replay-capacity, or leave --replay-ratio out"
            )
        changes = more | given
        if not changes:
            return design
        options = ", ".join(f"{name} = {value}" for name, value in changes.items())
        return design.evolve(origin=f"{self.origin or design.name} with {options}", learning=changes)

    def _learning(self) -> dict[str, int | str]:
        values = {field.name: getattr(self, field.name) for field in fields(LearningOptions)}
        common = {field.name for field in fields(Options)}
        return {name: value for name, value in values.items() if value is not None and name not in common}


@dataclass(frozen=True, kw_only=True)
class CrossbarGenerateOptions(GenerateOptions):
    """The images of a crossbar accelerator hold the weights of a checkpoint, or the initial weights of the seed."""

    checkpoint: Annotated[Path | None, typer.Option(help="by default the initial weights of its seed.")] = None


@dataclass(frozen=True, kw_only=True)
class CrossbarSimulateOptions(SimulateOptions, LearningOptions):
    """Of a crossbar accelerator the command compares streamed words, ADC codes, candidates, states, readout and
    decision; with bistable cells streamed words, bitline sums, states, readout and decision. With --learn it also
    compares error, feedback, gradients, accumulators and pulses of every sequence, replayed ones included, the content
    of the reservoir, and at the end every weight.
    """

    data: Annotated[
        str,
        typer.Option(
            help="mnist, synthetic, or your own .npz with x and y, optionally lengths and split (then its test set is "
            "run, else every sequence)."
        ),
    ] = "auto"
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            help=f"sequences of all tasks; {DEFAULT_LIMIT}, or {WAVES_LIMIT} with --waves, --toggles or --gates.",
        ),
    ] = None
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            help="weights and gates, also for a design point of other tiles, lanes, clock or learning; accumulators, "
            "reservoir and counts start empty. By default the command trains quickly; with --tasks it does not."
        ),
    ] = None
    learn: Annotated[
        bool, typer.Option("--learn", help="Generate hardware that learns, and let it learn every sequence.")
    ] = False
    heal: Annotated[
        int,
        typer.Option(
            min=0,
            max=MOST_HEALING_REPLAYS,
            help="With --learn: after the last sequence, replay so many of the reservoir without a new sequence.",
        ),
    ] = 0
    devices: Annotated[
        str | None,
        typer.Option(
            help="devices as they really are: one of `remora devices list`; pulses last as long as they need, and an "
            "accumulator's level follows their mean step."
        ),
    ] = None
    device_seed: Annotated[
        int | None, typer.Option(min=0, max=LARGEST_SEED, help="which chip of its kind it is, of real devices.")
    ] = None
    age: Annotated[
        str | None,
        typer.Option(help="let real devices age before the first sequence: a number with s, min, h, d or y."),
    ] = None
    spares: Annotated[
        Path | None,
        typer.Option(
            help="what spare columns stand in for: JSON, as `remora selftest --json` writes it; as the checkpoint says "
            "without."
        ),
    ] = None
    jobs: Annotated[
        int,
        typer.Option(min=1, max=MOST_JOBS, help="Simulations at once, each of a share of the sequences; not to learn."),
    ] = 1


@dataclass(frozen=True, kw_only=True)
class CrossbarTrainOptions(TrainOptions, LearningOptions):
    """The crossbar accelerator with the MiRU cell (mnist, tiny …) learns online, by direct feedback alignment, in
    integers. The command saves after every pass and continues an interrupted training. With --tasks it learns the
    sequences that `remora simulate --learn --tasks` learns, each once, and saves after every task. A design with
    bistable cells (mnist-bmru) is trained in floating point and exported as codes at the end.
    """

    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="an existing one is continued; tiles, lanes and clock may differ from it, what training depends on "
            "may not.",
        ),
    ] = Path("checkpoint.npz")
    data: Annotated[
        str,
        typer.Option(
            help="mnist, synthetic, or a .npz file of your own (x, y, optionally lengths and split; without a split "
            "every fifth sequence is for testing); by default what fits the design."
        ),
    ] = "auto"
    passes: Annotated[int, typer.Option(min=1, help="Passes over the training set, in all.")] = DEFAULT_PASSES
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="Use only the first so many training sequences; with --tasks, so many in all."),
    ] = None
    task: Annotated[int, typer.Option(min=0, help="Pixel permutation of the digits; 0 is none.")] = 0
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin again instead of continuing the checkpoint.")] = False

    def paths(self) -> list[Path | str]:
        """The data."""
        return [self.data]


@dataclass(frozen=True, kw_only=True)
class CrossbarImportOptions(ImportOptions):
    """A crossbar accelerator takes a MiRU, a vanilla tanh layer or bistable cells, with a linear readout at the last
    step. Of a MiRU or a tanh layer the readout is scaled to the converter's range, and the weights are rounded so that
    they make up for each other's errors: both by the decisions on a part of the training data. The report compares
    codes with the float network, layer by layer, on the test data.
    """

    data: Annotated[
        str,
        typer.Option(
            help="mnist, synthetic, or a .npz file of your own (x, y, optionally lengths and split): the network is "
            "calibrated on a part of its training set, and the report is of its test set."
        ),
    ] = "auto"
    calibrate: Annotated[
        int, typer.Option(min=1, help="Training sequences that calibration takes; a quarter of them at most.")
    ] = 2000
    fine_tune: Annotated[
        int,
        typer.Option(
            min=0, help="Passes of training behind the import, as `remora train` trains; the best of them is kept."
        ),
    ] = 0

    def paths(self) -> list[Path | str]:
        """The data."""
        return [self.data]
