"""Yosys, from the `pyosys` wheel: runs a script in a process of its own, since an error of Yosys ends the process."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Sequence
from pathlib import Path

from remora.flow.tools.children import run_logged
from remora.spec.lib.errors import RemoraError
from remora.spec.lib.extras import require_extra
from remora.spec.lib.files import write_text

ABC = "yosys-abc"
"""Name of the program for logic optimisation that the wheel brings beside the library."""
_RUN = "import sys; from pyosys import libyosys as ys; ys.run_pass('script ' + sys.argv[1], ys.Design())"


class YosysError(RemoraError):
    """Yosys refuses a script; the message has its error."""


def yosys_version() -> str:
    """Version of the wheel.

    Raises:
        MissingExtra: it is not installed.
    """
    require_extra("remora synth", "signoff")
    return importlib.metadata.version("pyosys")


def abc_program() -> Path:
    """ABC of the wheel.

    Raises:
        MissingExtra: it is not installed.
    """
    require_extra("remora synth", "signoff")
    import pyosys

    return Path(pyosys.__path__[0]) / ABC


def run_yosys(passes: Sequence[str], folder: Path, name: str) -> str:
    """Run passes one after the other in ``folder``.

    Args:
        passes: a command of Yosys each.
        name: of the script and of the log, ``<name>.ys`` and ``<name>.log`` in ``folder``.

    Returns:
        What it printed.

    Raises:
        YosysError: it ended with an error.
        MissingExtra: it is not installed.
    """
    require_extra("remora synth", "signoff")
    write_text(folder / f"{name}.ys", "\n".join(passes) + "\n")
    command = [sys.executable, "-c", _RUN, f"{name}.ys"]
    return run_logged(command, folder, name, lambda reason: YosysError(f"Yosys refuses {name}.ys: {reason}"))
