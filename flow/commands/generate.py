"""``remora generate``."""

from __future__ import annotations

import shlex
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from remora.flow.report.console import console
from remora.flow.systems.options import GenerateOptions
from remora.flow.systems.system_options import Chosen, design_command


@design_command("generate", GenerateOptions)
def command(
    chosen: Chosen,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Directory to write.")],
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Write into a folder of other files too, and replace files that you wrote or changed there."
        ),
    ] = False,
) -> None:
    """Write all files that synthesis and simulation need.

    These are the Verilog of the digital part, behavioural models and blackboxes of the macros, a JSON sidecar
    (hierarchy, ports, widths, addresses, the design point), memory images, C header and register documentation, and a
    testbench that runs with a simulator alone. The command prints the lines that run it. For the chip around the core
    there are file lists, a FuseSoC core file, IP-XACT, SystemRDL, constraints, Liberty and LEF abstracts of the macros,
    the packet format, and a driver in C. The same design point always gives the same bytes.

    DIR is a new or an empty folder, or one that this command wrote. There it replaces its own files, which the file
    remora.sha256 lists, and keeps every other file. It refuses to replace a file that you have changed, and, where
    there is no remora.sha256, a file that differs from the new one. --force lifts both refusals.

    Examples: remora generate mnist -o out · remora generate tiny -o left --prefix left_
    """
    from remora.flow.generate.directory import file_list
    from remora.flow.report.notes import say_notes

    design, system = chosen.design, chosen.system
    say_notes(design)
    packaging = chosen.options.packaging
    content = system.load_content(design, chosen.options.checkpoint)
    with console(stderr=True).status(f"generating {design.name}"):
        generated = system.generate(design, output, content, force=force, packaging=packaging)
    console().print(f"{design.name} ({design.hash}): {1 + len(file_list(generated.sidecar))} files in {output}")
    console().print("  sidecar: remora.json")
    for name, what in generated.sidecar["files"].items():
        if isinstance(what, str):
            console().print(f"  {name.replace('_', ' ')}: {what}")
    for line in testbench_commands(output / "sim"):
        console().print(f"  testbench: {line}", markup=False, soft_wrap=True)
    for note in system.testbench_notes(design):
        console().print(f"  note: {note}", style="yellow", markup=False, soft_wrap=True)


def testbench_commands(folder: Path) -> list[str]:
    """Command lines that run the testbench in ``folder``, one a simulator, with the Verilator that is found here."""
    from remora.flow.tools.verilator import SimulatorError, find_verilator

    verilator = ["make", "-C", str(folder), "verilator"]
    with suppress(SimulatorError):
        found = find_verilator()
        verilator += [] if found.origin == "PATH" else [f"VERILATOR={found.path}"]
    return [shlex.join(["make", "-C", str(folder), "icarus"]), shlex.join(verilator)]
