"""Options of the commands that BMRU accelerators have of their own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from remora.flow.systems.options import GenerateOptions, SimulateOptions, TrainOptions
from remora.flow.tools.seeds import LARGEST_SEED

DEFAULT_CLIPS = 100
WAVES_CLIPS = 1
"""Clips that a simulation runs where none are asked for, and where waveforms are recorded."""


@dataclass(frozen=True, kw_only=True)
class BmruGenerateOptions(GenerateOptions):
    """For a BMRU accelerator the image holds the codes of a trained network, if there is one."""

    checkpoint: Annotated[Path | None, typer.Option(help="the bundled network, if there is one, where not given.")] = (
        None
    )


@dataclass(frozen=True, kw_only=True)
class BmruSimulateOptions(SimulateOptions):
    """A BMRU accelerator hears clips of words: features, currents, cells, classes and charge of every frame must agree,
    and the vote of every clip; with --stream, or vote.sliding in the design point, the vote of every frame, and when it
    wakes. --noise, --mismatch and --bias-error switch its non-idealities on.
    """

    data: Annotated[str, typer.Option(help="keywords or synthetic.")] = "auto"
    limit: Annotated[
        int | None, typer.Option(min=1, help=f"clips; {DEFAULT_CLIPS}, or {WAVES_CLIPS} with --waves.")
    ] = None
    checkpoint: Annotated[
        Path | None, typer.Option(help="the network to load; the bundled network where not given.")
    ] = None
    noise: Annotated[bool, typer.Option("--noise", help="Noise at every node, anew each frame.")] = False
    mismatch: Annotated[bool, typer.Option("--mismatch", help="Mirrors differ from their ratio.")] = False
    bias_error: Annotated[bool, typer.Option("--bias-error", help="Bias currents differ from their code.")] = False
    paced: Annotated[bool, typer.Option("--paced", help="Frames at their pace of 10 ms instead of back to back.")] = (
        False
    )
    stream: Annotated[
        bool, typer.Option("--stream", help="Clips end to end, core never cleared, a vote that slides.")
    ] = False


@dataclass(frozen=True, kw_only=True)
class BmruTrainOptions(TrainOptions):
    """The BMRU accelerator (kws, kws16) is trained in floating point to spot a keyword, offline, on the clips of Speech
    Commands that REMORA_DATA has, else on the few that are bundled.
    """

    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="the network that is written; it is trained anew, and replaces what is there."
        ),
    ] = Path("checkpoint.npz")
    normalisation: Annotated[
        str, typer.Option(help="Features normalised per clip (clip) or by a running mean (running).")
    ] = "clip"
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Seed of the training.")] = 1
