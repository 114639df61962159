"""One result out of those of several seeds: the mean of every number and how far the seeds spread."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

import numpy as np

NOT_COMMON = object()
"""Stands for what the seeds do not have in common."""


def mean_and_spread(results: list[Any]) -> tuple[Any, Any]:
    """Mean and standard deviation (of the sample, n − 1) of every number, in the structure of the results.

    Numbers, and lists and dictionaries that hold them at the same places in every result, are averaged one by one. What
    else is equal in all results stays in the mean; the rest is left out. The deviation holds numbers alone.

    Args:
        results: JSON values of one structure, two or more.

    Returns:
        Mean and deviation; `NOT_COMMON` for either where there is nothing to say.
    """
    first = results[0]
    if all(isinstance(one, dict) for one in results):
        keys = [key for key in first if all(key in one for one in results)]
        pairs = {key: mean_and_spread([one[key] for one in results]) for key in keys}
        mean, spread = (
            {key: pair[which] for key, pair in pairs.items() if pair[which] is not NOT_COMMON} for which in (0, 1)
        )
        return mean, spread
    if all(isinstance(one, list) and len(one) == len(first) for one in results):
        items = [mean_and_spread(list(positions)) for positions in zip(*results, strict=True)]
        means, spreads = (
            NOT_COMMON if any(item[which] is NOT_COMMON for item in items) else [item[which] for item in items]
            for which in (0, 1)
        )
        return means, spreads
    if all(isinstance(one, Real) and not isinstance(one, bool) for one in results):
        return float(np.mean(results)), float(np.std(results, ddof=1))
    return (first if all(one == first for one in results) else NOT_COMMON), NOT_COMMON


def half_interval(deviation: float, count: int, share: float = 0.95) -> float:
    """Half the width of the interval that holds the true mean with the probability ``share``: Student's t.

    Args:
        deviation: of the sample, n − 1.
        count: of the sample, 2 or more.
    """
    from scipy.stats import t

    return float(t.ppf((1 + share) / 2, count - 1)) * deviation / math.sqrt(count)


def half_intervals(spread: Any, count: int) -> Any:
    """`half_interval` of every number in a structure of deviations, as `mean_and_spread` gives it."""
    if isinstance(spread, dict):
        return {key: half_intervals(one, count) for key, one in spread.items()}
    if isinstance(spread, list):
        return [half_intervals(one, count) for one in spread]
    return half_interval(spread, count)
