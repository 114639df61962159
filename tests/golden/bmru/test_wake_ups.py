"""Counting of wake-ups over streams."""

from __future__ import annotations

import numpy as np
import pytest

from remora.golden.bmru.wake_ups import count_wakes
from remora.golden.data.mfcc import FRAMES


def test_wakes_are_counted_where_they_belong():
    spoken = np.array([[False, True, False, False, False]])
    votes = np.zeros((1, 5 * FRAMES), bool)
    votes[0, 130:200] = True
    found = count_wakes(votes, spoken, window=101)
    hours = (4 * FRAMES - FRAMES // 2) / 360_000
    assert found == {"keywords": 1, "hits": 1, "false_alarms": 0, "hours": pytest.approx(hours)}
    votes[0, 380:440] = True
    assert count_wakes(votes, spoken, window=101)["false_alarms"] == 1
    assert count_wakes(np.zeros_like(votes), spoken, window=101)["hits"] == 0
    # Awake since before the clip, it does not wake within it.
    assert count_wakes(np.ones_like(votes), spoken, window=101)["hits"] == 0
    # Exactly half of the window is no majority of two classes: the tie goes to the lower one.
    assert count_wakes(np.arange(505)[None] < 50, spoken, window=100)["false_alarms"] == 0
    assert count_wakes(np.arange(505)[None] < 51, spoken, window=100)["false_alarms"] == 1
