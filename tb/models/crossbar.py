"""A layer of crossbar tiles in plain Python and numpy, from the macro's contract: devices, pulses, sense, codes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, Tile, adc_shift, layer_layout
from remora.spec.lib.fixed import round_shift, saturate


class CrossbarModel:
    """Ideal device pairs of one layer, in levels.

    Attributes:
        pairs: (2, rows, columns) levels of g⁺ and g⁻, each 0 … ``levels − 1``.
    """

    def __init__(self, design: DesignPoint, layer: Layer) -> None:
        self.design, self.layout = design, layer_layout(design, layer)
        self.adc_shift = adc_shift(design, layer)
        self.full = design.crossbar.weight_limit
        self.pairs = np.zeros((2, self.layout.rows, self.layout.columns), dtype=np.int64)

    @property
    def weights(self) -> NDArray[np.int64]:
        """(rows, columns) weights in levels."""
        return self.pairs[0] - self.pairs[1]

    def pulse(self, tile: Tile, column: int, up: int, down: int, side: int) -> None:
        """Move the devices that ``side`` names, on the rows of ``up`` and ``down``, by one level within range."""
        for row in range(tile.rows):
            step = (up >> row & 1) - (down >> row & 1)
            position = (side >> row & 1, tile.first_row + row, tile.first_column + column)
            self.pairs[position] = min(self.full, max(0, self.pairs[position] + step))

    def sense(self, tile: Tile, column: int) -> tuple[int, ...]:
        """Sense flags of a column: pos_rest, pos_full, neg_rest, neg_full, one bit a row."""
        of_column = self.pairs[:, tile.row_slice, tile.first_column + column]
        return tuple(
            sum(int(level == mark) << row for row, level in enumerate(of_column[side]))
            for side in (0, 1)
            for mark in (0, self.full)
        )

    def codes(self, words: NDArray[np.integer]) -> list[int]:
        """Codes of all tiles for streamed ``words`` (rows,), in the order of the array's port."""
        words, codes = np.asarray(words, dtype=np.int64), []
        for tile in self.layout.tiles[:: self.layout.column_tiles]:
            sums = words[tile.row_slice] @ self.weights[tile.row_slice]
            codes += saturate(round_shift(sums, self.adc_shift), self.design.formats.adc_limit).tolist()
        return codes
