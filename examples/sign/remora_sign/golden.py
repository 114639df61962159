"""The rule in numpy."""

from __future__ import annotations

import numpy as np

from remora.golden.learning.update_rules.rule import Due


class Sign:
    """As `remora.golden.learning.update_rules.rule.UpdateRule`, in one layer."""

    values = None
    zones = 1, 1

    def __init__(self, design, which, values, dtype):
        self._level = design.learning.accumulator_level

    def configure(self, columns: int, seed: int) -> None:
        """Nothing depends on either."""

    def decide(self, step, columns, update) -> Due:
        """One pulse where the magnitude of S reaches the level, against its sign."""
        due = np.flatnonzero(np.abs(step) >= self._level)
        return Due(due, -np.sign(step.reshape(-1)[due]).astype(np.int64))
