"""Static timing: where OpenSTA and the library of standard cells are, and how a script runs."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from remora.flow.tools.children import run_child
from remora.spec.lib.errors import RemoraError
from remora.spec.lib.files import write_text

CELLS = Path("/usr/share/qflow/tech/osu018/osu018_stdcells.lib")
"""Liberty file of the standard cells: OSU, 180 nm, typical corner (1.8 V, 25 °C)."""
STA_FIX = "on Debian or Ubuntu: sudo apt install opensta"
CELLS_FIX = "on Debian or Ubuntu: sudo apt install qflow-tech-osu018"


class TimingError(RemoraError):
    """Static timing cannot run, or did not read a design whole; the message says why."""


@dataclass(frozen=True)
class OpenSta:
    """An OpenSTA and its version, such as ``2.0.17``."""

    path: Path
    version: str


def find_opensta() -> OpenSta:
    """The OpenSTA on PATH, whose command is ``sta``.

    Raises:
        TimingError: there is none, or it does not start.
    """
    found = shutil.which("sta")
    if found is None:
        raise TimingError(f"no OpenSTA: there is no command 'sta' on PATH; {STA_FIX}")
    try:
        answer = subprocess.run([found, "-version"], capture_output=True, text=True, timeout=30, check=False).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise TimingError(f"no OpenSTA: '{found} -version' fails: {error}; {STA_FIX}") from error
    if not re.fullmatch(r"\d+(\.\d+)+", answer.strip()):
        raise TimingError(f"no OpenSTA: '{found} -version' names no version; {STA_FIX}")
    return OpenSta(Path(found), answer.strip())


def find_cells() -> Path:
    """The Liberty file of the standard cells.

    Raises:
        TimingError: it is not installed.
    """
    if not CELLS.is_file():
        raise TimingError(f"no standard cells: there is no {CELLS}; {CELLS_FIX}")
    return CELLS


def run_opensta(script: str, folder: Path, name: str) -> str:
    """Run a script in ``folder``.

    Args:
        name: of the script and of the log, ``<name>.tcl`` and ``<name>.log`` in ``folder``.

    Returns:
        What it printed.

    Raises:
        TimingError: there is no OpenSTA, or it warns or fails; the message has its first such line. OpenSTA goes on
            after an error, with what it did not understand left out, so no such line is harmless.
    """
    write_text(folder / f"{name}.tcl", script)
    command = [str(find_opensta().path), "-no_init", "-no_splash", "-exit", f"{name}.tcl"]
    done = run_child(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    write_text(folder / f"{name}.log", done.stdout)
    complaint = re.search(r"^(Warning|Error|.*syntax error).*$", done.stdout, re.MULTILINE)
    if complaint or done.returncode:
        reason = complaint[0] if complaint else f"exit status {done.returncode}"
        raise TimingError(f"OpenSTA did not read {name}.tcl whole: {reason}")
    return done.stdout
