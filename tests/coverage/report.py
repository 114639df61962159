"""What a regression reached, as a table for a person, as Markdown and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from tests.coverage.verdict import Result, State, label

HEADINGS = ("feature", "points", "reached", "bins", "reached", "by other tests alone")


def rows(results: Sequence[Result]) -> list[tuple[str, ...]]:
    """A row a feature, and one of all, of the columns `HEADINGS`. Only what is demanded counts."""
    features = [(name, list(group)) for name, group in groupby(results, key=lambda one: one.point.feature)]
    return [(name, *_counts(group)) for name, group in [*features, ("all", list(results))]]


def _counts(results: list[Result]) -> tuple[str, ...]:
    ran = [one for one in results if one.state is not State.NOT_DEMANDED]
    bins = [(one, each) for one in ran for each in one.demanded]
    others = sum(bool(one.others.get(each)) and not one.hits.get(each) for one, each in bins)
    reached = sum(one.state is State.REACHED for one in ran), sum(one.reached for one in ran)
    more = sum(len(one.point.bins) for one in results) - len(bins)
    points, count = _with(len(ran), len(results) - len(ran)), _with(len(bins), more)
    return points, str(reached[0]), count, str(reached[1]), str(others)


def _with(demanded: int, more: int) -> str:
    return f"{demanded}{f' (and {more})' if more else ''}"


def text_table(results: Sequence[Result]) -> list[str]:
    """Lines of the table."""
    table = [HEADINGS, *rows(results)]
    widths = [max(len(row[column]) for row in table) for column in range(len(HEADINGS))]
    return ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]


def problem_lines(results: Iterable[Result], *states: State) -> list[str]:
    """What is missing of the points in these states, a line each."""
    return [
        f"{one.point.path} ({one.state.value}): {'; '.join(one.problems)}"
        for one in results
        if one.state in states and one.problems
    ]


def markdown(results: Sequence[Result], title: str) -> str:
    """The table, and every point with its bins."""
    lines = [f"# {title}", "", _line(HEADINGS), _line(["---"] * len(HEADINGS)), *map(_line, rows(results)), ""]
    lines += [_line(("point", "state", "hits by bin")), _line(["---"] * 3)]
    for one in results:
        hits = ", ".join(f"{label(each)} {one.hits.get(each, 0)}" for each in one.point.bins)
        lines.append(_line((f"`{one.point.path}`", one.state.value, hits)))
    return "\n".join(lines) + "\n"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def as_json(results: Sequence[Result], **about: Any) -> dict[str, Any]:
    """All of it for other programs, with ``about`` beside."""
    return about | {
        "points": [
            {
                "point": one.point.path,
                "state": one.state.value,
                "tests": list(one.point.tests),
                "nightly": [label(each) for each in one.point.nightly],
                "pinned": one.point.pinned,
                "bins": {label(each): one.hits.get(each, 0) for each in one.point.bins},
                "other_tests": {label(each): count for each, count in one.others.items()},
                "by_test": {test: [label(each) for each in found] for test, found in one.by_test.items()},
                "problems": list(one.problems),
            }
            for one in results
        ]
    }
