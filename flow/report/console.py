"""What every command prints with: one console, one progress bar, one way to write a result as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any

import typer

from remora.spec.lib.errors import RemoraError
from remora.spec.lib.files import check_writable, write_text

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

JsonOption = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Also write the result to FILE as JSON.")
]
"""The option that every command with a result takes."""

WIDTH_WITHOUT_TERMINAL = 140
SECONDS_BETWEEN_LINES = 60


@cache
def console(*, stderr: bool = False) -> Console:
    """The console: results on standard output, progress on standard error."""
    from rich.console import Console

    shared = Console(stderr=stderr, highlight=False)
    # In a pipe or a log nothing says how wide it is; rich's 80 columns would cut tables.
    return shared if shared.is_terminal else Console(stderr=stderr, highlight=False, width=WIDTH_WITHOUT_TERMINAL)


def table(*columns: str, title: str | None = None) -> Table:
    """A table in the house style; ``>name`` aligns a column to the right."""
    from rich import box
    from rich.table import Table

    made = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        made.add_column(
            column.removeprefix(">"), justify="right" if column.startswith(">") else "left", overflow="fold"
        )
    return made


def write_json(path: Path | None, result: dict[str, Any]) -> None:
    """Write a result as JSON, making folders as needed; nothing where ``path`` is None.

    Raises:
        OSError: it cannot be written; the error names it, and what was there is as it was.
    """
    if path is not None:
        write_text(path, json.dumps(result, indent=2, ensure_ascii=False) + "\n")


def check_results(*paths: Path | None, beside: Iterable[Path | str | None] = ()) -> None:
    """Whether results can be written, known before the work that makes them; what is there stays as it is.

    Args:
        paths: files of results; None where one is not asked for.
        beside: what else the command line names: folders that are filled, and files that are read. A text counts where
            there is such a file; else it is the name of a preset or of a data set.

    Raises:
        RemoraError: one of ``paths`` is another one, or is named beside them; devices are written by many.
        OSError: one of ``paths`` cannot be written; the error names it.
    """
    results = [path for path in paths if path is not None]
    named = [Path(other) for other in beside if isinstance(other, Path) or (other and Path(other).is_file())]
    for number, path in enumerate(results):
        if path.is_file() or not path.exists():
            _require_apart(path, [*results[:number], *results[number + 1 :], *named])
    for path in results:
        check_writable(path)


def _require_apart(path: Path, others: Sequence[Path]) -> None:
    """Refuse a result whose place another path needs, as the same file or as a folder."""
    target = path.resolve()
    for other in others:
        if target in (other.resolve(), *other.resolve().parents):
            raise RemoraError(
                f"{path}: the command line names it twice, and one would replace the other; give each a path of its own"
                if target == other.resolve()
                else f"{other}: it cannot lie in {path}, which becomes a file; give each a path of its own"
            )


@contextmanager
def progress(description: str, total: int | None, unit: str) -> Iterator[Callable[[int], None]]:
    """A bar on standard error with a rate and an estimate of the time left; in a log, a line with the same each minute.

    Args:
        description: what is being done.
        total: how many of ``unit`` there are; None where that is not known.

    Yields:
        A function to call with the number done since its last call.
    """
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        """How many a second."""

        def render(self, task) -> Text:
            speed = task.finished_speed or task.speed
            return Text("" if speed is None else f"{speed:,.3g} {unit}/s")

    screen = console(stderr=True)
    if not screen.is_terminal:
        yield _logged(screen, description, total, unit)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=screen) as bar:
        task = bar.add_task(description, total=total)
        yield lambda count: bar.advance(task, count)


def _logged(screen: Console, description: str, total: int | None, unit: str) -> Callable[[int], None]:
    done, last, said = 0, 0, monotonic()

    def advance(count: int) -> None:
        nonlocal done, last, said
        done += count
        passed = monotonic() - said
        if passed >= SECONDS_BETWEEN_LINES:
            # Of the last minute: what an earlier run had done comes at once and distorts the first line alone.
            rate = (done - last) / passed
            last, said = done, said + passed
            of_total = "" if total is None else f" of {total:,}"
            left = f", {(total - done) / rate / 60:.0f} minutes left" if rate and total is not None else ""
            screen.print(f"{description}: {done:,}{of_total} {unit}, {rate:,.3g} a second{left}")

    return advance
