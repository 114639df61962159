"""The ``remora`` command: finds the subcommand, and turns what a person did wrong into one clear line.

To add a command, write ``flow/commands/<name>.py`` and give it a line in ``COMMANDS``. Only the module of the command
that was asked for is imported, so that ``remora --help`` answers at once whatever the others need.
"""

from __future__ import annotations

import errno
import importlib
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Annotated

import typer

from remora.flow.report.terminal import print_anywhere
from remora.flow.tools.children import Ended, signals_end
from remora.spec.lib.collector import search_seldom
from remora.spec.lib.errors import RemoraError

COMMANDS = {
    "doctor": "Find each tool, say its version, say the exact fix for what is missing.",
    "presets": "List the named design points.",
    "config": "Show, check or start a design point.",
    "devices": "List and show presets of real devices; convert those of aihwkit and CrossSim.",
    "demo": "The main job: learn digits, generate, run unseen digits on the hardware, compare.",
    "generate": "Write Verilog, macros, sidecar, memory images, C header and register documentation.",
    "synth": "Synthesise to 180 nm standard cells: area, flip-flops and timing, typical, pre-layout.",
    "fpga": "Fit a design point into an ECP5: resources, clock after routing, sequences a second.",
    "prove": "Prove properties of the generated hardware, for every input and every length of time.",
    "equivalence": "Prove that the netlist of standard cells does what the Verilog does, block by block.",
    "train": "Train a design point: as the chip learns, or offline where it cannot.",
    "import": "Bring a network that another program trained: calibrate it, and report layer by layer.",
    "simulate": "Run the generated hardware under Verilator and compare every step with golden.",
    "selftest": "Put defects into a chip, let it test itself, and compare what it finds.",
    "experiment": "Run a named experiment, resumable: JSON result and figures.",
    "sweep": "Measure many design points in parallel, here or on a cluster: a table and a Pareto front.",
    "bench": "Measure cycles a step and the speed of simulation, golden and builds.",
    "faults": "Test of the tests: inject faults and see that the regression notices each.",
    "mutate": "Test of the tests of blocks: mutate a block with Yosys and see that its tests notice.",
    "soak": "Run random design points under random traffic, against golden and a third reading.",
}
"""Name → one line of help, in the order in which a newcomer needs them."""

EXIT_CANNOT_RUN = RemoraError.exit_code
TRACEBACK_VARIABLE = "REMORA_TRACEBACK"
OFF = ("", "0", "false", "no", "off")
"""Values of the variable that mean no."""

OUTPUT_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What writing to an output may meet."""

HELP = """
Remora generates two kinds of recurrent accelerator as Verilog and proves that they agree with a numpy model: memristive
crossbars that learn on chip (mnist, tiny …), and the BMRU accelerator, whose bistable cells spot a keyword (kws,
kws16).

A design point is a preset's name or a TOML file. Start with:

  [bold]remora doctor[/]               shows which tools are there

  [bold]remora presets[/]              lists the named design points

  [bold]remora config show mnist[/]    shows every field, its range and its meaning

Exit codes: 0 done, 1 what was checked does not hold, 2 it could not run, 130 interrupted, 143 terminated.
REMORA_TRACEBACK=1 shows where an error came from. REMORA_KERNEL=numpy trains crossbars without compiled code.
"""


def make_app(arguments: Sequence[str]) -> typer.Typer:
    """The application, with the module of the command that ``arguments`` name imported and the others only listed."""
    app = typer.Typer(
        help=HELP, no_args_is_help=True, add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False
    )
    app.callback()(_root)
    wanted = next((argument for argument in arguments if not argument.startswith("-")), None)
    for name, summary in COMMANDS.items():
        if name != wanted:
            app.command(name, help=summary)(_listed_only)
            continue
        module = importlib.import_module(f"remora.flow.commands.{name}")
        if hasattr(module, "app"):
            app.add_typer(module.app, name=name)
        else:
            app.command(name)(module.command)
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    # Before numpy is imported: matrices here are small, and threads that wait for each other cost more than they bring.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    search_seldom()
    print_anywhere()
    try:
        with signals_end():
            try:
                make_app(arguments)(arguments, prog_name="remora")
            except SystemExit:
                # Here, and not at the interpreter's end, where nobody could say which output is full.
                sys.stdout.flush()
                raise
    except RemoraError as error:
        sys.exit(_report(str(error), error.exit_code))
    except BrokenPipeError:
        # Whoever reads has seen enough, as in `remora presets | head`.
        _drop_output()
    except OSError as error:
        # A file that is not there, not allowed, or a disk that is full: the user's to mend.
        # An error of a file names it, as `remora.spec.lib.files.naming` sees to; one of an output has no name.
        name = error.filename or (error.errno in OUTPUT_ERRORS and "standard output")
        where = f"{name}: " if name else ""
        sys.exit(_report(f"{where}{error.strerror or error}", EXIT_CANNOT_RUN))
    except Ended as end:
        sys.exit(_end(end.word, end.exit_code))
    except Exception as error:
        traceback.print_exc()
        sys.exit(
            _report(
                f"{type(error).__name__}: this is a defect of Remora; please report it with the lines above",
                EXIT_CANNOT_RUN,
            )
        )


def _drop_output() -> None:
    """Drop what was printed and standard output does not take, so that the interpreter does not fail on it."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"remora {version('remora')}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Makes typer keep the subcommands even where there is one only."""


def _listed_only() -> None:
    raise AssertionError("a command was listed but not imported")


def _report(message: str, exit_code: int) -> int:
    if os.environ.get(TRACEBACK_VARIABLE, "").strip().lower() not in OFF:
        traceback.print_exc()
    return _end(f"error: {message}", exit_code)


def _end(word: str, exit_code: int) -> int:
    _drop_output()
    print(word, file=sys.stderr)
    # The last word: hardware that was not made to its end would warn when it is collected.
    warnings.simplefilter("ignore")
    return exit_code


if __name__ == "__main__":
    main()
