"""The plan of functional coverage, as `tests/coverage/plan` has it."""

from __future__ import annotations

from collections.abc import Iterator

from docs.pages.tables import table
from tests.coverage.plan import Feature, Point, load_plan
from tests.coverage.verdict import label


def plan() -> str:
    """A table of the features, and of each its points, their bins and the tests that must reach them."""
    features = load_plan()
    rows = [_row(feature) for feature in features.values()]
    total = ("**all**", "", *(f"**{sum(row[column] for row in rows)}**" for column in (2, 3)))
    parts = [table(("feature", "what", "points", "bins"), [*rows, total])]
    for feature in features.values():
        parts += _section(feature)
    return "\n\n".join(parts)


def _row(feature: Feature) -> tuple[str, str, int, int]:
    points = feature.points.values()
    return f"[`{feature.name}`](#{feature.name})", feature.about, len(points), sum(len(point.bins) for point in points)


def _section(feature: Feature) -> Iterator[str]:
    file, _, anchor = feature.contract.removeprefix("docs/").partition("#")
    yield f"## `{feature.name}`"
    yield f"{feature.about}. [Contract](../{file}#{anchor})."
    rows = [(_name(each), each.about, _bins(each), _tests(each)) for each in feature.points.values()]
    yield table(("point", "what", "bins", "tests"), rows)


def _name(point: Point) -> str:
    return f"`{point.name}`{' (at seed 1)' if point.pinned else ''}"


def _bins(point: Point) -> str:
    text = _all_bins(point)
    if not point.nightly:
        return text
    few = "all" if len(point.nightly) == len(point.bins) else ", ".join(label(each) for each in point.nightly)
    return f"{text}; by night alone: {few}"


def _all_bins(point: Point) -> str:
    if point.cross:
        crossed = " × ".join(f"`{each}`" for each in point.cross)
        return f"{crossed}: {len(point.bins)}{f', without {len(point.ignore)}' if point.ignore else ''}"
    if point.ranges:
        return ", ".join(f"{name} {_range(*ends)}" for name, ends in point.ranges.items())
    return ", ".join(label(each) for each in point.bins)


def _range(low: int, high: int) -> str:
    return f"({low})" if low == high else f"({low} … {high})"


def _tests(point: Point) -> str:
    return ", ".join(f"`{each.removeprefix('tests/')}`" for each in point.tests)
