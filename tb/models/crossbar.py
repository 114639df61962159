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
        pairs: (2, rows, columns) levels of g⁺ and g⁻, each 0 … ``levels − 1``, at first of weight 0.
        top, full: the highest level, and that from which on a device is sensed as full.
        fixed: g⁻ is a reference.
    """

    def __init__(self, design: DesignPoint, layer: Layer) -> None:
        self.design, self.layout = design, layer_layout(design, layer)
        self.adc_shift = adc_shift(design, layer)
        self.top, self.fixed = design.crossbar.levels - 1, design.crossbar.pair == "reference"
        self.full = self.top // 2 * 2 if self.fixed else self.top
        self.set_weights(np.zeros((self.layout.rows, self.layout.columns), np.int64))

    @property
    def weights(self) -> NDArray[np.int64]:
        """(rows, columns) weights in levels."""
        return self.pairs[0] - self.pairs[1]

    def set_weights(self, weights: NDArray[np.integer]) -> None:
        """Bring pairs to weights, (rows, columns), as ``crossbar.pair`` has them."""
        middle = self.top // 2
        pair = (middle + weights, middle + 0 * weights) if self.fixed else (weights.clip(0), -weights.clip(None, 0))
        self.pairs = np.stack(pair).astype(np.int64)

    def pulse(self, tile: Tile, column: int, up: int, down: int, side: int) -> None:
        """Move the devices that ``side`` names, on the rows of ``up`` and ``down``, by one level within range."""
        for row in range(tile.rows):
            step = (up >> row & 1) - (down >> row & 1)
            position = (side >> row & 1, tile.first_row + row, tile.first_column + column)
            self.pairs[position] = min(self.top, max(0, self.pairs[position] + step))

    def sense(self, tile: Tile, column: int) -> tuple[int, ...]:
        """Sense flags of a column: pos_rest, pos_full, neg_rest, neg_full, one bit a row."""
        of_column = self.pairs[:, tile.row_slice, tile.first_column + column]
        return tuple(
            sum(int(flag) << row for row, flag in enumerate(flags))
            for side in (0, 1)
            for flags in (of_column[side] == 0, of_column[side] >= self.full)
        )

    def codes(self, words: NDArray[np.integer]) -> list[int]:
        """Codes of all tiles for streamed ``words`` (rows,), in the order of the array's port."""
        words, codes = np.asarray(words, dtype=np.int64), []
        for tile in self.layout.tiles[:: self.layout.column_tiles]:
            sums = words[tile.row_slice] @ self.weights[tile.row_slice]
            codes += saturate(round_shift(sums, self.adc_shift), self.design.formats.adc_limit).tolist()
        return codes
