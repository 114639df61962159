"""Icarus Verilog: where it is, and builds for this four-state simulator, which the regression runs beside Verilator."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from remora.flow.tools.build import Build, build_root, first_error, tail
from remora.flow.tools.children import run_child
from remora.flow.tools.verilator import SimulatorError
from remora.spec.lib.files import write_text

MINIMUM_VERSION = 11
"""First release that the models are held to run on."""
POWER_UP = "remora_power_up"
"""Plusarg of every simulation: the seed of what models of flip-flops hold at power-up."""
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
    iverilog, vvp = (_command(name) for name in ("iverilog", "vvp"))
    try:
        answer = subprocess.run([iverilog, "-V"], capture_output=True, text=True, timeout=30, check=False).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SimulatorError(f"no Icarus Verilog: '{iverilog} -V' fails: {error}; {FIX}") from error
    number = re.match(r"Icarus Verilog version (\d+)\.(\d+)", answer)
    if number is None:
        raise SimulatorError(f"no Icarus Verilog: '{iverilog} -V' names no version; {FIX}")
    if int(number[1]) < MINIMUM_VERSION:
        raise SimulatorError(
            f"Icarus Verilog {number[1]}.{number[2]} at '{iverilog}' is older than {MINIMUM_VERSION}: install a newer"
        )
    return Icarus(Path(iverilog), Path(vvp), f"{number[1]}.{number[2]}")


def _command(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise SimulatorError(f"no Icarus Verilog: there is no command '{name}' on PATH; {FIX}")
    return found


def build_icarus(sources: Sequence[Path], top: str, *, name: str, defines: Sequence[str] = ()) -> Build:
    """Compile a design for Icarus Verilog; ``remora.flow.tools.simulator.run`` runs it under cocotb.

    Args:
        sources: Verilog and SystemVerilog, in order; all are read as SystemVerilog.
        top: name of the top module.
        name: what to call the build; part of its directory's name.
        defines: macros that are defined for all of them.

    Raises:
        SimulatorError: there is no Icarus Verilog, or it refuses the design; the message has the first error.
    """
    icarus = find_icarus()
    options = ["-g2012", "-Wall", "-s", top, *(f"-D{define}" for define in defines)]
    hasher = hashlib.sha256(repr((icarus.version, options)).encode())
    for path in sources:
        hasher.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    digest = hasher.hexdigest()[:12]
    result = Build(name, digest, build_root() / f"{name}-icarus-{digest}", top, simulator="icarus")
    if not result.executable.is_file():
        result.directory.mkdir(parents=True, exist_ok=True)
        partial = result.directory / f"partial.{os.getpid()}"
        command = [str(icarus.iverilog), *options, "-o", str(partial), *map(str, sources)]
        done = run_child(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        log = done.stdout
        write_text(result.directory / "build.log", log)
        if done.returncode or not partial.is_file():
            raise SimulatorError(f"build '{name}' on Icarus Verilog failed: {first_error(log)}\nThe end:\n{tail(log)}")
        partial.replace(result.executable)
    return result
