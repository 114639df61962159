"""Lengths of time as a person writes them."""

from __future__ import annotations

import re

from remora.spec.lib.errors import RemoraError

UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "y": 365.25 * 86400.0}
"""Seconds of each unit; a year has 365.25 days."""
_DURATION = re.compile(r"(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?) ?(?P<unit>[a-z]*)")


def seconds_of(text: str) -> float:
    """Seconds of a duration such as ``10y``, ``1.5 h`` or ``3600``, which are seconds.

    Raises:
        RemoraError: it is no duration, or negative; the message says which units there are.
    """
    found = _DURATION.fullmatch(text.strip())
    unit = found["unit"] or "s" if found else ""
    if not found or unit not in UNITS:
        raise RemoraError(f"'{text}' is no length of time: give a number from 0 with {', '.join(UNITS)}, such as 10y")
    return float(found["number"]) * UNITS[unit]
