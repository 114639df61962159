"""What a regression reached of the plan, and what is wrong with that."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from remora.spec.lib.files import replacing
from remora.tb.lib.coverage import PLAN_FILE, digest_of, zeroed
from tests.coverage.plan import Plan, Point, as_json, names_test, points_of

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
"""Outcomes of a test."""
Hits = Mapping[str, Mapping[str, Mapping[Any, int]]]
"""Hits by test, path of the point and bin."""


class State(Enum):
    """What became of a point."""

    REACHED = "reached"
    UNREACHED = "unreached"
    """A bin, or a test that must reach the point, is missing."""
    NOT_DEMANDED = "not demanded"
    """It is demanded by night alone, or at another seed alone."""
    NOT_RUN = "not run"
    """A test of it failed, was skipped, or was not asked for."""


@dataclass(frozen=True)
class Result:
    """A point after a regression.

    Attributes:
        demanded: bins that must be reached.
        hits: by bin, of the tests that must reach it and passed. ``others``: of all others that passed.
        by_test: bins that a test which passed hit.
        problems: what is missing, in words.
    """

    point: Point
    state: State
    demanded: tuple[Any, ...]
    hits: Mapping[Any, int]
    others: Mapping[Any, int]
    by_test: Mapping[str, tuple[Any, ...]]
    problems: tuple[str, ...]

    @property
    def reached(self) -> int:
        """Demanded bins that the tests reached that must."""
        return sum(self.hits[each] > 0 for each in self.demanded)


def results(
    plan: Plan, outcomes: Mapping[str, str], hits: Hits, *, night: bool, pinned: bool, whole: bool
) -> list[Result]:
    """What became of every point.

    Args:
        outcomes: `PASSED`, `FAILED` or `SKIPPED` by node id, of every test that ran.
        night: points of the night are demanded too. ``pinned``: so are those of the seed of continuous integration.
        whole: every test was asked for, so that an entry of the plan which names none is a mistake.
    """
    passed = [test for test, outcome in outcomes.items() if outcome == PASSED]
    found = []
    for point in points_of(plan):
        demanded = tuple(each for each in point.bins if night or each not in point.nightly)
        found.append(_result(point, passed, outcomes, hits, demanded if pinned >= point.pinned else (), whole))
    return found


def _result(
    point: Point, passed: list[str], outcomes: Mapping[str, str], hits: Hits, demanded: tuple[Any, ...], whole: bool
) -> Result:
    named = {entry: [test for test in outcomes if names_test(entry, test)] for entry in point.tests}
    own = {test for tests in named.values() for test in tests}
    mine: Counter[Any] = Counter()
    others: Counter[Any] = Counter()
    for test in passed:
        (mine if test in own else others).update(hits.get(test, {}).get(point.path, {}))
    problems = []
    for entry, tests in named.items():
        if not tests:
            # A test of the night may be all that reaches bins of the night.
            problems += [f"no test {entry}"] * (len(demanded) == len(point.bins))
        elif not any(hits.get(test, {}).get(point.path) for test in tests):
            problems.append(f"not reached by {entry}")
    problems += [f"no hit of {label(each)}" for each in demanded if not mine[each]]
    known = (whole or all(named.values())) and all(outcomes[test] == PASSED for test in own)
    if not demanded:
        state, problems = State.NOT_DEMANDED, []
    elif not problems:
        state = State.REACHED
    else:
        state = State.UNREACHED if known else State.NOT_RUN
    by_test = {test: tuple(hits[test][point.path]) for test in passed if point.path in hits.get(test, {})}
    return Result(point, state, demanded, mine, others, by_test, tuple(problems))


def label(name: Any) -> str:
    """A bin for a person: its name, of a cross the names of those that it crosses."""
    return " × ".join(name) if isinstance(name, tuple) else str(name)


def read_hits(folder: Path, tests: Iterable[str]) -> dict[str, dict[str, dict[Any, int]]]:
    """The hits that the files of a folder hold, by test; files of other tests are left out."""
    by_digest = {digest_of(test): test for test in tests}
    found: dict[str, dict[str, dict[Any, int]]] = {}
    for path in sorted(folder.glob("*.xml")):
        test = by_digest.get(path.name.partition("-")[0])
        if test is not None:
            for point, hits in _read(path):
                merged = found.setdefault(test, {}).setdefault(point, {})
                for name, count in hits.items():
                    merged[name] = merged.get(name, 0) + count
    return found


def _read(path: Path) -> Iterator[tuple[str, dict[Any, int]]]:
    """Points of a file of the library, with the bins that were hit."""
    for group in ElementTree.parse(path).getroot():
        for point in group:
            hits = {_bin(each.attrib["bin"]): int(each.attrib["hits"]) for each in point}
            hit = {name: count for name, count in hits.items() if count}
            if hit:
                yield f"{group.tag}.{point.tag}", hit


def _bin(text: str) -> Any:
    return ast.literal_eval(text) if text.startswith("(") else text


def merge(plan: Plan, folder: Path, tests: Iterable[str], target: Path) -> None:
    """Write all hits of these tests as one file of the library, of every point of the plan.

    Raises:
        AssertionError: the library's sums are not those of the files.
    """
    from cocotb_coverage.coverage import merge_coverage

    digests = {digest_of(test) for test in tests}
    files = [path for path in sorted(folder.glob("*.xml")) if path.name.partition("-")[0] in digests]
    zero = folder / "zero.xml"
    zeroed(as_json(plan), zero)
    with replacing(target) as partial:
        merge_coverage(lambda line: None, str(partial), str(zero), *map(str, files))
        wanted = sum(sum(hits.values()) for path in files for _, hits in _read(path))
        found = sum(sum(hits.values()) for _, hits in _read(partial))
    assert found == wanted, f"{target}: the library merged {found} hits of {wanted}"


__all__ = ["PLAN_FILE", "Result", "State", "label", "merge", "read_hits", "results"]
