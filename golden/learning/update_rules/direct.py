""" "direct": the update is rounded stochastically to whole pulses at once; nothing is remembered.

Source: M2RU, arXiv 2512.17299.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from remora.golden.learning.update_rules.rule import Due
from remora.spec.crossbar.column_groups import ROUNDING_SLICES
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, layer_layout
from remora.spec.crossbar.learning import ROUNDING_SLICE_BITS, pulse_shift, rounding_index
from remora.spec.lib.rng import Purpose, draw_pair


class Direct:
    """Rules L14 and L15."""

    values = None
    zones = 1, 1

    def __init__(self, design: DesignPoint, which: Layer, values: NDArray | None, dtype: type[np.floating]):
        learning, layout = design.learning, layer_layout(design, which)
        self._rows, self._max_pulses, self._dtype = layout.rows, learning.max_pulses, dtype
        self._mask, self._scale = np.uint32(learning.accumulator_level - 1), 2.0 ** -pulse_shift(design)
        # The readout's rows count as the last of the hidden layer's.
        first = design.hidden_rows - layout.rows
        lanes = np.arange(first // ROUNDING_SLICES, -(-design.hidden_rows // ROUNDING_SLICES), dtype=np.uint32)
        self._lanes, self._first = lanes[:, None], first % ROUNDING_SLICES
        self._index = np.asarray(rounding_index(which, np.arange(layout.columns)), np.uint32)

    def configure(self, columns: int, seed: int) -> None:
        """As `remora.golden.learning.update_rules.rule.UpdateRule.configure`."""
        self._seed = seed
        self._magnitude = np.empty((self._rows, columns), self._dtype)
        self._random = np.empty((len(self._lanes), ROUNDING_SLICES, columns), self._dtype)

    def decide(self, step: NDArray[np.floating], columns: NDArray[np.intp] | None, update: int) -> Due:
        """As `remora.golden.learning.update_rules.rule.UpdateRule.decide`. Rule L14."""
        magnitude = self._magnitude[:, : step.shape[1]]
        np.abs(step, out=magnitude)
        magnitude += self._draw(columns, update)
        magnitude *= self._scale
        np.floor(magnitude, out=magnitude)
        np.minimum(magnitude, self._max_pulses, out=magnitude)
        due = np.flatnonzero(magnitude)
        # A gradient is descended, as χ does by subtracting it.
        return Due(due, -(np.sign(step.reshape(-1)[due]) * magnitude.reshape(-1)[due]).astype(np.int64))

    def _draw(self, columns: NDArray[np.intp] | None, update: int) -> NDArray[np.floating]:
        """r of every row and learning column, (rows, columns). Rule L15."""
        index = self._index if columns is None else self._index[columns]
        random = self._random[..., : len(index)]
        words = draw_pair(self._seed, Purpose.STOCHASTIC_ROUNDING, update, index, self._lanes)
        for number in range(ROUNDING_SLICES):
            word = words[number * ROUNDING_SLICE_BITS // 32]
            if number * ROUNDING_SLICE_BITS % 32:
                word = word >> np.uint32(ROUNDING_SLICE_BITS)
            random[:, number] = word & self._mask
        return random.reshape(len(self._lanes) * ROUNDING_SLICES, len(index))[self._first :][: self._rows]
