""" "accumulate": gradients gather in χ, and a device is pulsed when the magnitude of χ passes a level.

Source: Nandakumar et al., "Mixed-precision deep learning based on computational memory", 2020.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from remora.golden.learning.update_rules.rule import Due
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, layer_layout


class Accumulate:
    """Rules L12 and L13."""

    values: NDArray[np.floating]

    def __init__(self, design: DesignPoint, which: Layer, values: NDArray | None, dtype: type[np.floating]):
        learning, layout = design.learning, layer_layout(design, which)
        self.values = np.zeros((layout.rows, layout.columns), dtype) if values is None else np.array(values, dtype)
        self._level, self._max_pulses = learning.accumulator_level, learning.max_pulses
        self._limit = (1 << (learning.accumulator_bits - 1)) - 1
        self.zones = 1, 1

    def configure(self, columns: int, seed: int) -> None:
        """As `remora.golden.learning.update_rules.rule.UpdateRule.configure`; ``seed`` does not matter here."""
        self._full = np.empty((len(self.values), columns), bool)

    def decide(self, step: NDArray[np.floating], columns: NDArray[np.intp] | None, update: int) -> Due:
        """As `remora.golden.learning.update_rules.rule.UpdateRule.decide`; ``update`` does not matter. Rule L12."""
        full = self._full[:, : step.shape[1]]
        # `take`, since indexing would give the copy another order in memory, and `_pay` writes through a flat view.
        values = self.values if columns is None else self.values.take(columns, axis=1)
        values -= step
        np.minimum(values, self._limit, out=values)
        np.maximum(values, -self._limit, out=values)
        np.abs(values, out=step)
        np.greater_equal(step, self._level * self.zones[0], out=full)
        if self.zones[1] != self.zones[0]:
            np.greater_equal(step[-1], self._level * self.zones[1], out=full[-1])
        due = np.flatnonzero(full)
        pulses = self._pay(values, due) if len(due) else np.empty(0, np.int64)
        if columns is not None:
            self.values[:, columns] = values
        return Due(due, pulses)

    def _pay(self, values: NDArray, due: NDArray[np.intp]) -> NDArray[np.int64]:
        """χ gives up the level even where a full pair drops the pulse. Rule L13."""
        flat = values.reshape(-1)
        pending = flat[due].astype(np.int64)
        count = np.abs(pending) // self._level
        if self.zones != (1, 1):
            count -= np.where(due < values.size - values.shape[1], *self.zones) - 1
        pulses = np.sign(pending) * np.minimum(count, self._max_pulses)
        flat[due] = pending - pulses * self._level
        return pulses
