"""The plan of functional coverage: features, their points and bins, and the tests that must reach them.

The files `plan/*.toml` have a table a feature, which is a covergroup of `remora.tb.lib.coverage`:

.. code-block:: toml

    [packets]
    about = "What a packet asks for, and why one is dropped"
    contract = "docs/reference/contracts.md#packets"

    [packets.points.cause]
    about = "cause under which a packet is dropped"
    bins = ["framing", "header"]          # or names with a range of numbers each: { none = [0, 0], some = [1, 9] }
    tests = ["tests/top/crossbar/test_sizes.py::test_agrees_with_golden"]

    [packets.points.cause_stalled]
    cross = ["cause", "stall"]            # every pair of bins, but those that ``ignore`` lists
    tests = ["tests/top/crossbar/test_sizes.py"]

A test is a folder, a file, a function in it, or one of its parameter sets. ``nightly = true`` marks a point that is
demanded by night alone, ``nightly = ["header"]`` such bins of a point, and with them those of its crosses.
``pinned = true`` marks a point that its tests reach by chance, which is demanded at the seed of continuous integration
alone, and ``open = true`` one whose other values are no mistakes.
"""

from __future__ import annotations

import ast
import itertools
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from remora.tb.lib.coverage import BINS, CROSS, IGNORE, OPEN, RANGES

ROOT = Path(__file__).parents[2]
FILES = Path(__file__).parent / "plan"
NAME = re.compile("[a-z][a-z0-9_]*")
FEATURE_KEYS, POINT_KEYS = (
    {"about", "contract", "points"},
    {"about", BINS, CROSS, IGNORE, "tests", "nightly", "pinned", OPEN},
)


class PlanError(ValueError):
    """The plan is wrong; the message names the file or the point, and the remedy."""


@dataclass(frozen=True)
class Point:
    """What is to be seen of a feature.

    Attributes:
        feature, name: of the covergroup and of the point in it.
        about: what its values are.
        bins: their names; of a cross the tuples of names.
        ranges: least and greatest number of each bin; None where values are names.
        cross: points that it crosses; none of an ordinary point. ``ignore``: tuples that are none of its bins.
        tests: beginnings of the node ids of those that must reach it.
        nightly: bins that are demanded by night alone.
        pinned: it is demanded at the seed of continuous integration alone.
        open: values that are no bins are ignored, where they would be mistakes.
    """

    feature: str
    name: str
    about: str
    bins: tuple[Any, ...]
    ranges: Mapping[str, tuple[int, int]] | None
    cross: tuple[str, ...]
    ignore: tuple[tuple[str, ...], ...]
    tests: tuple[str, ...]
    nightly: tuple[Any, ...] = ()
    pinned: bool = False
    open: bool = False

    @property
    def path(self) -> str:
        """Feature and point."""
        return f"{self.feature}.{self.name}"


@dataclass(frozen=True)
class Feature:
    """A feature: what it is, where the contract stands, and its points by name."""

    name: str
    about: str
    contract: str
    points: Mapping[str, Point]


Plan = Mapping[str, Feature]


def points_of(plan: Plan) -> list[Point]:
    """All points, feature after feature."""
    return [point for feature in plan.values() for point in feature.points.values()]


def load_plan(folder: Path = FILES) -> dict[str, Feature]:
    """Read the files of a folder in the order of their names, and check them.

    Raises:
        PlanError: a key is missing or unknown, a name is taken or unfit, a bin is listed twice, a cross has no such
            points, or a point names no test.
    """
    plan: dict[str, Feature] = {}
    for path in sorted(folder.glob("*.toml")):
        for name, table in tomllib.loads(path.read_text(encoding="utf-8")).items():
            if name in plan:
                raise PlanError(f"{path.name}: feature {name} stands in another file too; join them")
            plan[name] = _feature(name, table)
    if not plan:
        raise PlanError(f"{folder} holds no plan")
    return plan


def _feature(name: str, table: Mapping[str, Any]) -> Feature:
    _check_keys(name, table, FEATURE_KEYS, FEATURE_KEYS)
    plain: dict[str, Point] = {}
    for each, content in table["points"].items():
        plain[each] = _point(name, each, content)
    for point in plain.values():
        unknown = [each for each in point.cross if each not in plain or plain[each].cross]
        if unknown:
            raise PlanError(f"{point.path}: cross: no ordinary point {', '.join(unknown)} in {name}")
    crossed = {
        each: _with_bins(point, plain, table["points"][each].get("nightly") is True) for each, point in plain.items()
    }
    return Feature(name, table["about"], table["contract"], crossed)


def _point(feature: str, name: str, content: Mapping[str, Any]) -> Point:
    path = f"{feature}.{name}"
    _check_keys(path, content, POINT_KEYS, {"tests"} if CROSS in content else {"about", "tests", BINS})
    for each in (feature, name):
        # The library's merging takes every element for a bin whose name has these letters.
        if not NAME.fullmatch(each) or "bin" in each:
            raise PlanError(f"{path}: {each} is no name: small letters, digits and _, without the letters 'bin'")
    given = content.get(BINS, [])
    ranges = {label: (low, high) for label, (low, high) in given.items()} if isinstance(given, dict) else None
    wrong = [label for label, (low, high) in (ranges or {}).items() if low > high]
    if wrong or len(set(given)) != len(given):
        raise PlanError(f"{path}: bins: one is listed twice, or its range is empty: {wrong or given}")
    if not content["tests"] or (not given and CROSS not in content):
        raise PlanError(f"{path}: it has no bin, or no test must reach it")
    marked = content.get("nightly", [])
    nightly = tuple(given) if marked is True else tuple(tuple(each) if CROSS in content else each for each in marked)
    if CROSS not in content and set(nightly) - set(given):
        raise PlanError(f"{path}: nightly: {nightly} are no bins of it")
    return Point(
        feature, name, content.get("about", ""), tuple(given), ranges, tuple(content.get(CROSS, ())),
        tuple(map(tuple, content.get(IGNORE, ()))), tuple(content["tests"]),
        nightly, content.get("pinned", False), content.get(OPEN, False),
    )  # fmt: skip


def _with_bins(point: Point, points: Mapping[str, Point], at_night: bool) -> Point:
    """A cross with its bins, in the order of its points'; ``at_night``: all of them are demanded by night alone."""
    if not point.cross:
        return point
    product = list(itertools.product(*(points[each].bins for each in point.cross)))
    idle = [each for each in point.ignore if each not in product]
    if idle:
        raise PlanError(f"{point.path}: ignore: {idle[0]} is no bin of it")
    kept = tuple(each for each in product if each not in point.ignore)
    nightly = tuple(
        bins for bins in kept
        if at_night
        or bins in point.nightly
        or any(one in points[each].nightly for one, each in zip(bins, point.cross, strict=True))
    )  # fmt: skip
    if set(point.nightly) - set(nightly):
        raise PlanError(f"{point.path}: nightly: {point.nightly} are no bins of it")
    about = point.about or " × ".join(points[each].about for each in point.cross)
    return Point(**{**vars(point), "bins": kept, "about": about, "nightly": nightly})


def _check_keys(where: str, table: Mapping[str, Any], known: set[str], needed: set[str]) -> None:
    wrong = [f"unknown key {key}" for key in table.keys() - known] + [f"no {key}" for key in needed - table.keys()]
    if wrong:
        raise PlanError(f"{where}: {', '.join(sorted(wrong))}")


def as_json(plan: Plan) -> dict[str, Any]:
    """The plan as `remora.tb.lib.coverage` reads it."""
    return {name: {each: _as_json(point) for each, point in feature.points.items()} for name, feature in plan.items()}


def _as_json(point: Point) -> dict[str, Any]:
    if point.cross:
        return {CROSS: list(point.cross), IGNORE: [list(each) for each in point.ignore]}
    return {BINS: list(point.bins), RANGES: point.ranges, OPEN: point.open}


def names_test(entry: str, node: str) -> bool:
    """Whether an entry of ``tests`` names the test of a node id."""
    return node == entry or node.startswith((f"{entry}/", f"{entry}::", f"{entry}["))


@cache
def _functions(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def missing_tests(plan: Plan, root: Path = ROOT) -> list[str]:
    """Entries of ``tests`` that no file and no function stands for; parameter sets are seen in a run alone."""
    return [f"{point.path}: {entry}" for point in points_of(plan) for entry in point.tests if not _exists(entry, root)]


def _exists(entry: str, root: Path) -> bool:
    file, _, function = entry.partition("::")
    path, name = root / file, function.partition("[")[0]
    return name in _functions(path) if name and path.is_file() else path.exists() and not name


def missing_contracts(plan: Plan, root: Path = ROOT) -> list[str]:
    """Features whose contract no heading of a document stands for."""
    return [f"{name}: {feature.contract}" for name, feature in plan.items() if not _is_heading(feature.contract, root)]


def _is_heading(contract: str, root: Path) -> bool:
    file, _, anchor = contract.partition("#")
    path = root / file
    return path.is_file() and anchor in _anchors(re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.M))


def _anchors(headings: Iterable[str]) -> set[str]:
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}
