"""Where Icarus Verilog is: the four-state simulator that the regression runs beside Verilator."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from flow.verilator import SimulatorError

MINIMUM_VERSION = 11
"""First release that the models are held to run on."""
FIX = "on Debian or Ubuntu: sudo apt install iverilog"


@dataclass(frozen=True)
class Icarus:
    """An Icarus Verilog: its compiler, its run time beside it, and its version such as ``11.0``."""

    iverilog: Path
    vvp: Path
    version: str


def find_icarus() -> Icarus:
    """The Icarus Verilog on PATH.

    Raises:
        SimulatorError: there is none, it does not start, or it is older than ``MINIMUM_VERSION``.
    """
    commands = {name: shutil.which(name) for name in ("iverilog", "vvp")}
    for name, found in commands.items():
        if found is None:
            raise SimulatorError(f"no Icarus Verilog: there is no command '{name}' on PATH; {FIX}")
    iverilog = commands["iverilog"]
    try:
        answer = subprocess.run([iverilog, "-V"], capture_output=True, text=True, timeout=30, check=False).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SimulatorError(f"no Icarus Verilog: '{iverilog} -V' fails: {error}; {FIX}") from error
    number = re.match(r"Icarus Verilog version (\d+)\.(\d+)", answer)
    if number is None:
        raise SimulatorError(f"no Icarus Verilog: '{iverilog} -V' names no version; {FIX}")
    if int(number[1]) < MINIMUM_VERSION:
        raise SimulatorError(
            f"Icarus Verilog {number[1]}.{number[2]} at '{iverilog}' is older than {MINIMUM_VERSION}: install a newer one"
        )
    return Icarus(Path(iverilog), Path(commands["vvp"]), f"{number[1]}.{number[2]}")
