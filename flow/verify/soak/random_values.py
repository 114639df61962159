"""Random values of fields over their legal ranges, the ends of every range often."""

from __future__ import annotations

from typing import Any

import numpy as np

ATTEMPTS = 1000
"""How many design points are drawn at the most until one is legal."""
END = 0.2
"""Probability of each end of a range."""


def within(random: np.random.Generator, low: int, high: int) -> int:
    """A whole number in ``low … high``, often one of the two."""
    chosen = random.random()
    return low if chosen < END else high if chosen > 1 - END else int(random.integers(low, high + 1))


def legal_values(random: np.random.Generator, model: Any, section: str, *names: str) -> dict[str, Any]:
    """A value for each field of a section, from the limits that the design point gives it; switches too."""
    fields, values = model.model_fields[section].annotation.model_fields, dict[str, Any]()
    for name in names:
        if fields[name].annotation is bool:
            values[name] = bool(random.integers(2))
            continue
        limits = {type(limit).__name__: limit for limit in fields[name].metadata}
        values[name] = within(random, limits["Ge"].ge, limits["Le"].le)
    return values
