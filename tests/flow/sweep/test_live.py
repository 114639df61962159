"""What a sweep tells while it runs: counts by metric, and why points are missing."""

from __future__ import annotations

from rich.console import Console

from remora.flow.sweep.live import Progress


def shown(progress: Progress) -> list[str]:
    """Lines of the table as they stand on a terminal."""
    screen = Console(width=140, record=True, quiet=False, force_terminal=False)
    with screen.capture() as found:
        screen.print(progress.table())
    return [line.strip() for line in found.get().splitlines() if line.strip()]


def test_every_unit_is_counted_once():
    with Progress({"train": 5, "synth": 3}, 2, "sweep of 7 points") as progress:
        for before in (True, False, False):
            progress.done("train", before=before)
        for number in range(7):
            progress.failed("synth", f"point {number}: no cells")
        lines = shown(progress)
    assert lines[0] == "sweep of 7 points"
    rows = {line.split()[0]: line.split()[1:5] for line in lines[2:] if line.split()[0] in ("train", "synth")}
    assert rows == {"train": ["2", "1", "0", "2"], "synth": ["0", "0", "7", "-4"]}
    assert "2 points are refused" in lines
    # The latest five.
    assert [line for line in lines if line.startswith("synth: point")] == [
        f"synth: point {number}: no cells" for number in range(2, 7)
    ]
