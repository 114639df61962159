"""Options of the commands, as frozen dataclasses: what every system takes, from which each derives its own.

A field with a ``typer.Option`` is a flag of the command line. A system's class adds fields, which become flags of their
own, and repeats a common field to say what it means there: that help is added to the common one. Its docstring is what
``--help`` says of the command for this system.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, get_args, get_type_hints

import typer
from typer.models import OptionInfo

from remora.flow.generate.packaging import DEVICE_PITCH, Packaging
from remora.flow.tools.seeds import LARGEST_SEED, SEED_VARIABLE
from remora.spec.lib.errors import RemoraError

DATA_HELP = "Data to take; by default what fits the design."


@dataclass(frozen=True, kw_only=True)
class Options:
    """What every command's options have.

    Attributes:
        origin: the design point as it was named, for messages.
        given: names of the options that a person gave, where a command line knows.
    """

    origin: str = ""
    given: frozenset[str] = frozenset()

    def refuse(self, names: Iterable[str], why: str) -> None:
        """Refuse options that would change nothing, since what is ignored looks like done.

        Args:
            names: of the fields.
            why: they would not, in words.

        Raises:
            RemoraError: one of them is given.
        """
        if found := [name for name in names if name in self.given]:
            raise refusal(found, why)

    def paths(self) -> list[Path | str]:
        """Files and folders that are named, results apart; a text counts where there is such a file."""
        return []


def check_values(kind: type[Options], values: Mapping[str, Any]) -> None:
    """Whether the command line would take these values of options; what is no option is passed over.

    Raises:
        RemoraError: a value has another type than its option, or is out of its range; the message says what is legal.
    """
    hints = get_type_hints(kind, include_extras=True)
    for name, value in values.items():
        wanted, *more = get_args(hints[name]) if name in hints and get_args(hints[name]) else (None,)
        option = next((each for each in more if isinstance(each, OptionInfo)), None)
        kinds = set(get_args(wanted) or (wanted,)) - {NoneType}
        if option is None or not kinds <= _WORDS.keys():
            continue
        taken = kinds | ({str} if Path in kinds else set()) | ({int} if float in kinds else set())
        ends = [(word, end) for word, end in (("at least", option.min), ("at most", option.max)) if end is not None]
        legal = type(value) in taken
        if legal and type(value) in (int, float):
            legal = all(value >= end if word == "at least" else value <= end for word, end in ends)
        if not legal:
            words = " or ".join(sorted(_WORDS[each] for each in kinds))
            raise RemoraError(f"{name} = {value!r}: give {words}{''.join(f', {word} {end:g}' for word, end in ends)}")


_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", Path: "a path"}


def refusal(names: Iterable[str], why: str) -> RemoraError:
    """The error that says which options to leave out."""
    flags = [f"--{name.replace('_', '-')}" for name in names]
    return RemoraError(f"{', '.join(flags)}: {why}; leave {'it' if len(flags) == 1 else 'them'} out")


@dataclass(frozen=True, kw_only=True)
class GenerateOptions(Options):
    """Of `remora generate`."""

    checkpoint: Annotated[
        Path | None,
        typer.Option(help="Trained weights for the memory images."),
    ] = None
    prefix: Annotated[
        str, typer.Option(help="Begins the name of every module, so that several cores fit into one netlist.")
    ] = ""
    device_pitch: Annotated[
        float, typer.Option(metavar="UM", help="Pitch of the devices in the LEF abstracts, in µm.")
    ] = DEVICE_PITCH
    source_locations: Annotated[
        bool, typer.Option("--source-locations", help="Say in the netlist which line of Remora each part comes from.")
    ] = False

    @property
    def packaging(self) -> Packaging:
        """What these options say of the files.

        Raises:
            RemoraError: a value is not legal.
        """
        return Packaging(self.prefix, self.device_pitch, self.source_locations)


@dataclass(frozen=True, kw_only=True)
class SimulateOptions(Options):
    """Of `remora simulate`."""

    data: Annotated[str, typer.Option(help=DATA_HELP)] = "auto"
    limit: Annotated[int | None, typer.Option(min=1, help="How many of them to run.")] = None
    seed: Annotated[
        int,
        typer.Option(
            min=0, max=LARGEST_SEED, envvar=SEED_VARIABLE, help="Seed of stalls and of registers without a reset value."
        ),
    ] = 1
    checkpoint: Annotated[Path | None, typer.Option(help="What `remora train` saved.")] = None
    stall: Annotated[float, typer.Option(min=0, max=0.95, help="Probability that a stream pauses in a cycle.")] = 0.0
    waves: Annotated[Path | None, typer.Option(help="Record waveforms to this file, .vcd or .fst (smaller).")] = None
    toggles: Annotated[
        Path | None,
        typer.Option(help="Count toggles: write them to this file as SAIF, and by block into the JSON."),
    ] = None
    gates: Annotated[
        bool,
        typer.Option(
            "--gates",
            help="Map the design to standard cells, each block by itself, and simulate these on Icarus Verilog.",
        ),
    ] = False
    keep: Annotated[
        Path | None,
        typer.Option(
            help="Keep inputs, trace and log in this directory: a new or an empty one, or that of an earlier run."
        ),
    ] = None

    def paths(self) -> list[Path | str]:
        """Data, checkpoint and the folder that is kept."""
        return [path for path in (self.data, self.checkpoint, self.keep) if path]


@dataclass(frozen=True, kw_only=True)
class TrainOptions(Options):
    """Of `remora train`."""

    output: Annotated[Path, typer.Option("--output", "-o", help="Checkpoint to write.")] = Path("checkpoint.npz")


@dataclass(frozen=True, kw_only=True)
class ImportOptions(Options):
    """Of `remora import`."""

    output: Annotated[Path, typer.Option("--output", "-o", help="Checkpoint to write.")] = Path("imported.npz")


@dataclass(frozen=True, kw_only=True)
class FaultsOptions(Options):
    """Of `remora faults`."""

    seed: Annotated[
        int,
        typer.Option(min=0, max=LARGEST_SEED, envvar=SEED_VARIABLE, help="Seed of weights, sequences and stalls."),
    ] = 1


@dataclass(frozen=True, kw_only=True)
class BenchOptions(Options):
    """Of `remora bench`."""

    sequences: Annotated[int, typer.Option(min=1, help="Sequences to simulate each time.")] = 100
    repeats: Annotated[int, typer.Option(min=1, help="Times each figure is measured; medians are reported.")] = 3
