"""``remora train``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flow.console import JsonOption, console, write_json


def command(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help="Name of a preset, or a TOML file.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Checkpoint to write, and to continue if it is there.")
    ] = Path("checkpoint.npz"),
    data: Annotated[
        str, typer.Option(help="mnist, synthetic, or a .npz file with x and y; by default what fits the design.")
    ] = "auto",
    passes: Annotated[int, typer.Option(min=1, help="Passes over the training set, in all.")] = 15,
    limit: Annotated[int | None, typer.Option(min=1, help="Use only the first so many training sequences.")] = None,
    task: Annotated[int, typer.Option(min=0, help="Pixel permutation of the digits; 0 is none.")] = 0,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin again instead of continuing the checkpoint.")] = False,
    normalisation: Annotated[
        str, typer.Option(help="Analog core: features normalised per clip (clip) or by a running mean (running).")
    ] = "clip",
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Analog core: seed of the training.")] = 1,
    json: JsonOption = None,
) -> None:
    """Train the golden model as the chip would learn: online, by direct feedback alignment, in integers.

    Saves after every pass and continues where an interrupted training stopped. A design point of the analog core is
    trained offline instead, to spot a keyword; only --output, --normalisation, --seed and --json bear on it.

    Example: remora train mnist -o digits.npz --passes 15
    """
    from flow.keyword_train import train_keywords
    from flow.provenance import provenance
    from flow.train import passes_table, train_network
    from golden.data import load
    from spec.analog import AnalogDesign
    from spec.presets import load_design
    from spec.section import Design

    design = load_design(config, Design)
    if isinstance(design, AnalogDesign):
        write_json(json, train_keywords(design, output, normalisation, seed))
        return
    training, test = load(design, data, train=limit, task=task)
    console().print(f"{design.name}: {len(training):,} training and {len(test):,} test sequences")
    checkpoint = train_network(design, training, test, passes, output, fresh=fresh)
    history = checkpoint.metadata["passes"]
    console().print(passes_table(history))
    console().print(f"checkpoint: {output}")
    result = {"design": design.name, "design_hash": design.hash, "checkpoint": str(output), "passes": history}
    write_json(json, result | provenance(design.learning.seed))
