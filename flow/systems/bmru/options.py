"""Options of the commands that BMRU accelerators have of their own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from remora.flow.systems.options import GenerateOptions, ImportOptions, SimulateOptions, TrainOptions
from remora.flow.tools.seeds import LARGEST_SEED

DEFAULT_CLIPS = 100
WAVES_CLIPS = 1
"""Clips that a simulation runs where none are asked for, and where waveforms are recorded."""


@dataclass(frozen=True, kw_only=True)
class BmruGenerateOptions(GenerateOptions):
    """For a BMRU accelerator the image holds the codes of a trained network, if there is one."""

    checkpoint: Annotated[Path | None, typer.Option(help="by default the bundled network, if there is one.")] = None


@dataclass(frozen=True, kw_only=True)
class BmruSimulateOptions(SimulateOptions):
    """Of a BMRU accelerator, which hears clips of words, the command compares features, currents, cells, classes and
    charge of every frame, and the vote of every clip. With --stream, or vote.sliding in the design point, it compares
    the vote of every frame and the wake-ups. --noise, --mismatch and --bias-error switch non-idealities on.
    """

    data: Annotated[str, typer.Option(help="keywords or synthetic.")] = "auto"
    limit: Annotated[
        int | None,
        typer.Option(min=1, help=f"clips; {DEFAULT_CLIPS}, or {WAVES_CLIPS} with --waves, --toggles or --gates."),
    ] = None
    checkpoint: Annotated[Path | None, typer.Option(help="the network to load; by default the bundled network.")] = None
    noise: Annotated[bool, typer.Option("--noise", help="Noise at every node, anew each frame.")] = False
    mismatch: Annotated[bool, typer.Option("--mismatch", help="Mirrors differ from their ratio.")] = False
    bias_error: Annotated[bool, typer.Option("--bias-error", help="Bias currents differ from their code.")] = False
    paced: Annotated[bool, typer.Option("--paced", help="Send a frame every 10 ms instead of back to back.")] = False
    stream: Annotated[
        bool, typer.Option("--stream", help="One stream of all clips: the core is never cleared, and the vote slides.")
    ] = False


@dataclass(frozen=True, kw_only=True)
class BmruTrainOptions(TrainOptions):
    """The BMRU accelerator (kws, kws16) is trained in floating point to spot a keyword, offline, on the clips of Speech
    Commands that REMORA_DATA has, else on the few that are bundled.
    """

    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="the network; training begins anew and replaces an existing file."),
    ] = Path("checkpoint.npz")
    normalisation: Annotated[
        str, typer.Option(help="Features normalised per clip (clip) or by a running mean (running).")
    ] = "clip"
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Seed of the training.")] = 1


@dataclass(frozen=True, kw_only=True)
class BmruImportOptions(ImportOptions):
    """The BMRU accelerator takes a network whose arrays are named as its checkpoints name them: input.weight,
    blocks.0.first.weight, blocks.0.low and so on. The report is of the unseen clips that the machine has.
    """

    normalisation: Annotated[
        str, typer.Option(help="How the network's features were normalised: per clip (clip) or by a running mean.")
    ] = "clip"
