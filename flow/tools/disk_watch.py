"""Watches a simulator that cannot say that a disk is full: it hangs, or writes less than it should without a word."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Sequence
from pathlib import Path

from remora.flow.tools.verilator import SimulatorError

FULL_BYTES = 1 << 16
"""A disk with less room than this is taken for full where a process has failed or stands still."""
FULL_STILL_S = 2.0
"""Seconds without processor time after which a simulator with so little room stands still."""
STILL_S = 30.0
"""Seconds without processor time after which a simulator stands still: it computes as long as it works."""


def check_room(paths: Sequence[Path], failed: bool = True) -> None:
    """Fail where a file system is full.

    Args:
        paths: files that grow, or folders of them.
        failed: something went wrong that a full disk explains; then full is less than `FULL_BYTES`, since what fails
            may have removed files. Else full is no room at all, where a simulator loses what it writes without a word.

    Raises:
        OSError: the file system of one of them is full; the error names it.
    """
    for path in paths:
        if _room(path) < (FULL_BYTES if failed else 1):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


def _room(path: Path) -> int:
    """Bytes that can still be written to the file system of ``path``."""
    while not path.exists():
        path = path.parent
    found = os.statvfs(path)
    if not found.f_blocks:
        return FULL_BYTES  # A file system that does not say how large it is.
    return found.f_frsize * (found.f_bfree if os.geteuid() == 0 else found.f_bavail)


class DiskWatch:
    """To be called with the number of a process now and then, as `remora.flow.tools.children.run_child` does.

    Args:
        paths: what the process writes: files that grow, or folders of them.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths
        self._ticks: int | None = -1
        self._since = time.monotonic()

    def __call__(self, process: int) -> None:
        """Look once.

        Raises:
            OSError: a disk is full.
            SimulatorError: the process has stood still for `STILL_S`.
        """
        check_room(self._paths, failed=False)
        ticks, now = _sleeping_ticks(process), time.monotonic()
        if ticks is None or ticks != self._ticks:
            self._ticks, self._since = ticks, now
            return
        if now - self._since >= FULL_STILL_S:
            check_room(self._paths)
        if now - self._since >= STILL_S:
            written = " or ".join(map(str, self._paths))
            raise SimulatorError(
                f"the simulator stands still: it has computed nothing for {STILL_S:g} s, as where it cannot write "
                f"{written}; see whether a quota or a limit of file sizes is reached"
            )


def _sleeping_ticks(process: int) -> int | None:
    """Processor time of a sleeping process in ticks of the clock; None where it runs, is stopped, or nobody says."""
    try:
        text = Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    state, *fields = text.rpartition(")")[2].split()
    return int(fields[10]) + int(fields[11]) if state == "S" else None
