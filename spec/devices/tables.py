"""Tables of rules D3, D8, D9 and D16, which golden and the macro model both read."""

from __future__ import annotations

from decimal import Decimal, localcontext
from functools import cache
from statistics import NormalDist

KNOT_BITS = 4
KNOTS = (1 << KNOT_BITS) + 1
"""Entries of a table over the conductance."""
POSITION_BITS = 12
"""A position is 0 … 2^n."""
LOG_BITS = 16
TIME_TABLE_BITS = 8
NORMAL_BITS = 6
"""The table of normal draws has a deviation of 2^n."""


def knots(curve: tuple[float, ...], scale: float) -> tuple[int, ...]:
    """A curve of evenly spaced values at `KNOTS` positions, times ``scale``, rounded to the nearest integer."""
    last = len(curve) - 1
    found = []
    for position in range(KNOTS):
        index, share = divmod(position * last, KNOTS - 1)
        value = curve[index]
        if share:
            value += (curve[index + 1] - value) * share / (KNOTS - 1)
        found.append(round(value * scale))
    return tuple(found)


@cache
def log_table() -> tuple[int, ...]:
    """``round(2^16 · log2(1 + k/256))``, k = 0 … 256. Rule D8."""
    with localcontext() as context:
        context.prec = 40
        two = Decimal(2).ln()
        count = 1 << TIME_TABLE_BITS
        return tuple(round((1 << LOG_BITS) * (1 + Decimal(k) / count).ln() / two) for k in range(count + 1))


@cache
def power_table() -> tuple[int, ...]:
    """``round(2^16 · 2^(−k/256))``, k = 0 … 256. Rule D9."""
    with localcontext() as context:
        context.prec = 40
        count = 1 << TIME_TABLE_BITS
        return tuple(round((1 << LOG_BITS) * Decimal(2) ** (-Decimal(k) / count)) for k in range(count + 1))


@cache
def normal_table() -> tuple[int, ...]:
    """Quantiles of the standard normal law at (k + ½)/256, scaled so that the rms of the 256 is 64. Rule D16."""
    quantiles = [NormalDist().inv_cdf((k + 0.5) / 256) for k in range(256)]
    rms = (sum(value * value for value in quantiles) / 256) ** 0.5
    return tuple(round((1 << NORMAL_BITS) * value / rms) for value in quantiles)
