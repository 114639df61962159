"""Functional coverage: where a testbench says what it has just seen, for the plan that the regression holds it against.

``cover("packets", cause="framing")`` hits the bin ``framing`` of the point ``cause`` of the covergroup ``packets``. It
does nothing unless a regression collects coverage, which tells so by `FOLDER_VARIABLE`. Covergroups, points, crosses,
their hits and the files are those of the library cocotb-coverage.
"""

from __future__ import annotations

import atexit
import hashlib
import itertools
import json
import os
from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from remora.spec.lib.files import replacing

FOLDER_VARIABLE = "REMORA_COVERAGE"
"""Environment variable: the folder that holds the plan and takes the hits, a file a process and test."""
TEST_VARIABLE = "PYTEST_CURRENT_TEST"
"""Environment variable in which pytest names the running test, also to the processes that it starts."""
PLAN_FILE = "plan.json"
BINS, RANGES, CROSS, IGNORE, OPEN = "bins", "ranges", "cross", "ignore", "open"
"""Keys of a point in the plan's file: names of bins; of each the least and greatest number, where the point takes
numbers; points that it crosses; of a cross the tuples of bins that are none of its own; whether names that are no
bins are ignored."""
Value = str | int | Enum | None
"""A name of a bin, a number for a point with ranges, yes or no as a bool, a member whose name in small letters is a
bin, or None where a point is not seen this time."""


class CoverageError(AssertionError):
    """What was seen is not in the plan."""


def digest_of(test: str) -> str:
    """What names of files begin with, of a test by its node id."""
    return hashlib.sha256(test.encode()).hexdigest()[:16]


class Covergroups:
    """The covergroups of a plan in this process.

    A bin takes one hit of a process and test, however often it is seen there, so that sampling costs next to nothing.

    Args:
        folder: with the plan; takes the hits.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._plan: dict[str, dict[str, Any]] = json.loads((folder / PLAN_FILE).read_text(encoding="utf-8"))
        self._groups: dict[str, Callable[[Mapping[str, str | None]], None]] = {}
        self._seen: set[tuple[str, tuple[tuple[str, str | None], ...]]] = set()
        self._test, self._files = "", itertools.count()

    def sample(self, group: str, values: Mapping[str, Value]) -> None:
        """Hit a bin of each of these points, and of the crosses of these points alone.

        Raises:
            CoverageError: the plan lacks the covergroup, a point or a bin.
        """
        if group not in self._plan:
            raise CoverageError(f"covergroup {group} is not in the plan, which has {', '.join(self._plan)}")
        labels = {point: self._label(group, point, value) for point, value in values.items()}
        seen = (group, tuple(sorted(labels.items())))
        if seen in self._seen:
            return
        if not self._seen:
            self._test = os.environ.get(TEST_VARIABLE, "").rpartition(" (")[0]
        self._seen.add(seen)
        if group not in self._groups:
            self._groups[group] = _covergroup(group, self._plan[group])
        self._groups[group](labels)

    def _label(self, group: str, point: str, value: Value) -> str | None:
        """The bin of a value; None where no range has the number, or an open point no such bin."""
        planned = self._plan[group].get(point)
        if planned is None or CROSS in planned:
            raise CoverageError(f"covergroup {group} has no point {point} to sample")
        if value is None:
            return None
        if planned.get(RANGES):
            number = int(value)  # type: ignore[arg-type]
            return next((label for label, (low, high) in planned[RANGES].items() if low <= number <= high), None)
        label = value.name.lower() if isinstance(value, Enum) else str(value)
        if isinstance(value, bool):
            label = "yes" if value else "no"
        if label not in planned[BINS]:
            if planned.get(OPEN):
                return None
            raise CoverageError(f"{group}.{point} has no bin {label}, only {', '.join(planned[BINS])}")
        return label

    def export(self) -> None:
        """Write what was hit since the last call, in the library's XML, and begin anew."""
        from cocotb_coverage.coverage import coverage_db

        if not self._seen:
            return
        path = self._folder / f"{digest_of(self._test)}-{os.getpid()}-{next(self._files)}.xml"
        with replacing(path) as partial:
            coverage_db.export_to_xml(str(partial))
        coverage_db.clear()
        self._groups.clear()
        self._seen.clear()


def _covergroup(name: str, points: Mapping[str, Any]) -> Callable[[Mapping[str, str | None]], None]:
    """The function that samples a covergroup: what its points take by point, a bin each or None."""
    from cocotb_coverage.coverage import CoverCross, CoverPoint, coverage_section

    def taken(point: str) -> Callable[[Mapping[str, str | None]], str | None]:
        return lambda labels: labels.get(point)

    items: list[Any] = []
    # Points first, since a cross looks its points up.
    for point, planned in sorted(points.items(), key=lambda item: CROSS in item[1]):
        path = f"{name}.{point}"
        if CROSS in planned:
            crossed = [f"{name}.{each}" for each in planned[CROSS]]
            items.append(CoverCross(path, items=crossed, ign_bins=[tuple(each) for each in planned[IGNORE]]))
        else:
            items.append(CoverPoint(path, xf=taken(point), bins=planned[BINS]))
    return coverage_section(*items)(lambda labels: None)


def zeroed(plan: Mapping[str, Mapping[str, Any]], path: Path) -> None:
    """Write the library's file of a plan of which nothing was hit.

    Nothing may have been sampled in this process since the last export.
    """
    from cocotb_coverage.coverage import coverage_db

    for group, points in plan.items():
        _covergroup(group, points)
    with replacing(path) as partial:
        coverage_db.export_to_xml(str(partial))
    coverage_db.clear()


_processes: dict[str, Covergroups | None] = {}


def covergroups() -> Covergroups | None:
    """Those of this process; None where no regression collects coverage."""
    folder = os.environ.get(FOLDER_VARIABLE, "")
    if folder not in _processes:
        _processes[folder] = found = _started(folder)
        if found:
            atexit.register(found.export)
    return _processes[folder]


def _started(folder: str) -> Covergroups | None:
    if not folder or not (Path(folder) / PLAN_FILE).is_file():
        return None
    try:
        # An environment without the library, as of a wheel that a test installs, collects nothing.
        import cocotb_coverage.coverage  # noqa: F401
    except ImportError:
        return None
    return Covergroups(Path(folder))


def cover(group: str, **values: Value) -> None:
    """Say what was just seen: a value by point of a covergroup.

    Raises:
        CoverageError: the plan lacks the covergroup, a point or a bin.
    """
    found = covergroups()
    if found:
        found.sample(group, values)
