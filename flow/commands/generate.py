"""``remora generate``."""

from __future__ import annotations

import shlex
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from remora.flow.report.console import console

if TYPE_CHECKING:
    from remora.golden.bmru.codes import AnalogCodes
    from remora.golden.crossbar.weights import Weights
    from remora.spec.bmru.design import AnalogDesign
    from remora.spec.crossbar.design import DesignPoint


def command(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help="Name of a preset, or path of a TOML file.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Directory to write.")],
    checkpoint: Annotated[
        Path | None,
        typer.Option(help="Weights of the memory images; the seed's initial weights, or the bundled network, without."),
    ] = None,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Write into a folder of other files too, and replace files that you wrote or changed there."
        ),
    ] = False,
) -> None:
    """Write everything that a synthesis engineer takes away.

    Verilog of the digital part, behavioural models and blackboxes of the macros, a JSON sidecar (hierarchy, ports,
    widths, addresses, the design point), memory images, C header and register documentation, and a testbench that
    runs with a simulator alone; the command lines for that are printed. The same design point always gives the same
    bytes. For an analog core the image holds the codes of a trained network, if there is one.

    DIR is a new or an empty folder, or one that this command wrote. There it replaces what it wrote, which the file
    remora.sha256 lists, and keeps every other file; it refuses to replace a file that was changed since, or, where
    there is no remora.sha256, one that differs from the new one. --force lifts the refusals.

    Example: remora generate mnist -o out
    """
    from remora.flow.generate.directory import file_list, generate
    from remora.flow.report.notes import say_notes
    from remora.spec.bmru.design import AnalogDesign
    from remora.spec.lib.section import Design
    from remora.spec.presets import load_design

    design = load_design(config, Design)
    say_notes(design)
    if isinstance(design, AnalogDesign):
        weights = _codes(design, checkpoint)
    else:
        weights = _weights(design, checkpoint) if checkpoint else None
    with console(stderr=True).status(f"generating {design.name}"):
        generated = generate(design, output, weights, force=force)
    console().print(f"{design.name} ({design.hash}): {1 + len(file_list(generated.sidecar))} files in {output}")
    console().print("  sidecar: remora.json")
    for name, what in generated.sidecar["files"].items():
        if isinstance(what, str):
            console().print(f"  {name.replace('_', ' ')}: {what}")
    for line in testbench_commands(output / "sim"):
        console().print(f"  testbench: {line}", markup=False, soft_wrap=True)


def testbench_commands(folder: Path) -> list[str]:
    """Command lines that run the testbench in ``folder``, one a simulator, with the Verilator that is found here."""
    from remora.flow.tools.verilator import SimulatorError, find_verilator

    verilator = ["make", "-C", str(folder), "verilator"]
    with suppress(SimulatorError):
        found = find_verilator()
        verilator += [] if found.origin == "PATH" else [f"VERILATOR={found.path}"]
    return [shlex.join(["make", "-C", str(folder), "icarus"]), shlex.join(verilator)]


def _weights(design: DesignPoint, checkpoint: Path) -> Weights:
    """Weights of a checkpoint, and what must be known to use them under this design point."""
    from remora.flow.report.notes import say_moved
    from remora.golden.crossbar.cell import Coefficients
    from remora.golden.learning.checkpoint import load_checkpoint

    network, more = load_checkpoint(checkpoint, design), []
    if not design.capabilities.bistable and network.coefficients != Coefficients.of(design):
        gates = network.coefficients
        more.append(
            f"write RESET_COEFFICIENT = {gates.reset} and UPDATE_COEFFICIENT = {gates.update} after reset: "
            "these gates belong to the weights"
        )
    say_moved(checkpoint, network, *more)
    return network.weights


def _codes(design: AnalogDesign, checkpoint: Path | None) -> AnalogCodes | None:
    """Codes of a trained network: that of a file, else the bundled one, else none."""
    from remora.flow.systems.bmru.networks import shipped_network, shipped_path
    from remora.golden.bmru.codes import export_network
    from remora.golden.lib.bmru_network import load_network

    if checkpoint:
        network = load_network(checkpoint)
    elif shipped_path(design):
        network = shipped_network(design)
    else:
        return None
    export = export_network(design, network)
    for name, count in export.saturated.items():
        console().print(f"{count} parameters of {name} lie beyond the largest code and are saturated", style="yellow")
    return export.codes
