"""What a sweep tells while it runs: a table on the terminal, or a line each minute in a log."""

from __future__ import annotations

import sys
from collections import Counter, deque
from contextlib import ExitStack
from time import monotonic
from typing import TYPE_CHECKING, Any, Self

from remora.flow.report.console import console, progress, table

if TYPE_CHECKING:
    from rich.console import RenderableType

LATEST = 5
"""Points that are shown because they were refused or failed."""
A_SECOND = 4
"""Times that the table is drawn."""


class Progress:
    """A table of the metrics: what is done, what earlier runs had done, what failed, how fast, and how long yet.

    Args:
        totals: metric → how many points it measures.
        refused: points that are refused.
        title: of the table.
    """

    def __init__(self, totals: dict[str, int], refused: int, title: str) -> None:
        self._totals, self._refused, self._title = totals, refused, title
        self._counts: dict[str, Counter[str]] = {metric: Counter() for metric in totals}
        self._latest: deque[str] = deque(maxlen=LATEST)
        self._began = monotonic()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        screen = console(stderr=True)
        self._advance = lambda count: None
        if screen.is_terminal:
            from rich.console import Console
            from rich.live import Live

            # Bound to the stream as it is now: work in this process takes what is printed for itself.
            screen = Console(file=sys.stderr, highlight=False)
            live = Live(console=screen, refresh_per_second=A_SECOND, get_renderable=self.table, transient=True)
            self._stack.enter_context(live)
        else:
            units = sum(self._totals.values())
            self._advance = self._stack.enter_context(progress(self._title, units, "units"))
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)

    def done(self, metric: str, *, before: bool) -> None:
        """A unit is done: by this run, or by an earlier one."""
        self._counts[metric]["before" if before else "done"] += 1
        self._advance(1)

    def failed(self, metric: str, why: str) -> None:
        """A unit failed."""
        self._counts[metric]["failed"] += 1
        self._latest.append(f"{metric}: {why}")
        self._advance(1)

    def table(self) -> RenderableType:
        """What stands on the terminal now."""
        shown = table(
            "metric", ">done", ">from earlier runs", ">failed", ">left", ">a second", ">minutes left", title=self._title
        )
        seconds = max(monotonic() - self._began, 1e-3)
        for metric, total in self._totals.items():
            counts = self._counts[metric]
            own = counts["done"] + counts["failed"]
            left, rate = total - counts["before"] - own, own / seconds
            shown.add_row(
                metric, f"{counts['done']:,}", f"{counts['before']:,}", f"{counts['failed']:,}", f"{left:,}",
                f"{rate:,.3g}" if rate else "", f"{left / rate / 60:,.1f}" if rate and left else "",
            )  # fmt: skip
        lines = [f"{self._refused:,} points are refused"] if self._refused else []
        shown.caption = "\n".join([*lines, *self._latest])
        shown.caption_justify = "left"
        return shown
