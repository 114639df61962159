"""Shrinking: the smallest run that still fails as the first did."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import monotonic

from remora.flow.verify.soak.soaker import Candidates, SoakPoint

Fails = Callable[[SoakPoint], bool]


def shrink(point: SoakPoint, candidates: Candidates, fails: Fails, seconds: float) -> SoakPoint:
    """Make a failing point smaller, step by step, while it fails.

    Traffic goes first, since another one needs no build; then the design point; then traffic again. No point is tried
    twice.

    Args:
        fails: whether a point fails in the same way.
        seconds: after which the smallest found so far is given back.
    """
    end, tried = monotonic() + seconds, {point.key}
    for ways in (candidates.traffics, candidates.designs, candidates.traffics):
        point = _descend(point, ways, fails, end, tried)
    return point


def _descend(
    point: SoakPoint, ways: Callable[[SoakPoint], Iterator[SoakPoint]], fails: Fails, end: float, tried: set[str]
) -> SoakPoint:
    """The first candidate that fails becomes the point, until none does; those in ``tried`` do not, or have been it."""
    while True:
        for smaller in ways(point):
            if monotonic() > end:
                return point
            if smaller.key in tried:
                continue
            tried.add(smaller.key)
            if fails(smaller):
                point = smaller
                break
        else:
            return point
