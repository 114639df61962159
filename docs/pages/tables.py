"""Markdown tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; a vertical bar within a cell is escaped, and line ends become blanks.

    Raises:
        ValueError: there is no row, or a row has another number of cells than the head.
    """
    lines = [list(head), ["---"] * len(head)]
    for row in rows:
        if len(row) != len(head):
            raise ValueError(f"a row of {len(row)} cells under a head of {len(head)}: {row!r:.80}")
        lines.append([" ".join(str(cell).split()).replace("|", "\\|") for cell in row])
    if len(lines) == 2:
        raise ValueError(f"the table {' | '.join(head)} has no row")
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
