"""What a sweep tells while it runs: counts by metric, and why points are missing."""

from __future__ import annotations

import io
import sys
import time
from contextlib import redirect_stderr, redirect_stdout

from rich.console import Console

from remora.flow.report.console import console
from remora.flow.sweep.live import Progress


def shown(progress: Progress) -> list[str]:
    """Lines of the table as they stand on a terminal."""
    screen = Console(width=140, record=True, quiet=False, force_terminal=False)
    with screen.capture() as found:
        screen.print(progress.table())
    return [line.strip() for line in found.get().splitlines() if line.strip()]


def test_every_unit_is_counted_once():
    with Progress({"train": 5, "synth": 9}, 2, "sweep of 7 points") as progress:
        for before in (True, False, False):
            progress.done("train", before=before)
        for number in range(7):
            progress.failed("synth", f"point {number}: no cells")
        lines = shown(progress)
    assert lines[0] == "sweep of 7 points"
    rows = {line.split()[0]: line.split()[1:5] for line in lines[2:] if line.split()[0] in ("train", "synth")}
    assert rows == {"train": ["2", "1", "0", "2"], "synth": ["0", "0", "7", "2"]}
    assert "2 points are refused" in lines
    # The latest five.
    assert [line for line in lines if line.startswith("synth: point")] == [
        f"synth: point {number}: no cells" for number in range(2, 7)
    ]


def test_a_terminal_shows_the_table_while_work_prints(monkeypatch):
    """Frames come although what the work prints is taken from it."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal, printed = Terminal(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    console.cache_clear()
    try:
        with Progress({"train": 1}, 0, "sweep") as progress, redirect_stderr(printed), redirect_stdout(printed):
            print("said by the work", file=sys.stderr)
            seen = terminal.getvalue().count("sweep")
            until = time.monotonic() + 20
            while terminal.getvalue().count("sweep") < seen + 2 and time.monotonic() < until:
                time.sleep(0.05)
            progress.done("train", before=False)
    finally:
        console.cache_clear()
    assert terminal.getvalue().count("sweep") >= seen + 2
    assert printed.getvalue() == "said by the work\n"
