"""Durations as a person writes them."""

from __future__ import annotations

import pytest

from remora.flow.tools.durations import UNITS, seconds_of
from remora.spec.lib.errors import RemoraError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("90", 90), ("1.5 h", 5400), ("2min", 120), (" 1d ", 86400), ("10y", 315576000), ("1e3s", 1000)],
)
def test_durations(text, seconds):
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "-1s", "y", "1 week", "nan", "1,5h", "1s s", "inf"])
def test_what_is_none_is_refused_with_the_units(text):
    with pytest.raises(RemoraError, match="is no length of time") as caught:
        seconds_of(text)
    assert all(unit in str(caught.value) for unit in UNITS)
