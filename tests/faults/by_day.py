"""Which faults of a catalogue wake in every run of the regression, and which at night alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

APART = 4
"""Positions in the catalogue from one fault of the day to the next."""


def by_day(faults: Iterable[Any]) -> list[Any]:
    """The first of every `APART` as it is, the others marked ``nightly``.

    Drawn mutants of every block (``remora mutate``) say how much the tests notice. Faults of the catalogue show that
    runs of whole designs do, which a quarter of them says as well.

    Args:
        faults: values of one parameter, or tuples of the values of several.
    """
    given = [fault if isinstance(fault, tuple) else (fault,) for fault in faults]
    return [
        pytest.param(*values, marks=[pytest.mark.nightly] * (index % APART > 0)) for index, values in enumerate(given)
    ]
