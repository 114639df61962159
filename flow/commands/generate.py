"""``remora generate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flow.console import console


def command(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help="Name of a preset, or path of a TOML file.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Directory to write.")],
    checkpoint: Annotated[
        Path | None, typer.Option(help="Weights of the memory images; the seed's initial weights without.")
    ] = None,
) -> None:
    """Write everything that a synthesis engineer takes away.

    Verilog of the digital part, behavioural models and blackboxes of the macros, a JSON sidecar (hierarchy, ports,
    widths, addresses, the design point), memory images, C header and register documentation. The same design point
    always gives the same bytes.

    Example: remora generate mnist -o out
    """
    from flow.generate import file_list, generate
    from golden.checkpoint import load_checkpoint
    from spec.presets import load_design

    design = load_design(config)
    weights = load_checkpoint(checkpoint, design).weights if checkpoint else None
    with console(stderr=True).status(f"generating {design.name}"):
        generated = generate(design, output, weights)
    console().print(f"{design.name} ({design.hash}): {1 + len(file_list(generated.sidecar))} files in {output}")
    console().print("  sidecar: remora.json")
    for name, what in generated.sidecar["files"].items():
        if isinstance(what, str):
            console().print(f"  {name.replace('_', ' ')}: {what}")
