"""What the weight window does with the devices of a real chip."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from remora.golden.crossbar.weights import Weights
from remora.golden.devices.chip import Chip
from remora.golden.devices.curves import Integers
from remora.golden.devices.reading import SQUARE_SHIFT, Key, driven_codes
from remora.golden.devices.state import SEQUENCE_MASK, DeviceState, conducted
from remora.golden.devices.wires import behind_wires
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, Tile, adc_shift, layer_layout
from remora.spec.lib.fixed import round_shift
from remora.spec.lib.rng import Purpose


class DeviceWindow:
    """The weight window of a chip of real devices. Rule W1.

    Args:
        state: of its devices; the window counts its probes there.
    """

    def __init__(self, design: DesignPoint, state: DeviceState):
        self.design, self.chip, self.state = design, Chip.of(design), state

    def read_slice(self, tile: Tile, column: int, part: int) -> NDArray[np.int64]:
        """Codes of the rows of a slice of the tile's column, (rows,); the window keeps their low eight bits.

        Rule W1.
        """
        return self._read(tile, column, tile.window_slices[part], self._bitlines(tile, column))

    def read_weights(self) -> Weights:
        """What the window's bytes are after it has read every column of every tile in order, int16.

        Values may lie beyond those of a weight. Rule W1.
        """
        found = []
        for layer in Layer:
            layout = layer_layout(self.design, layer)
            levels = np.zeros((layout.rows, layout.columns), np.int16)
            for tile in layout.tiles:
                bitlines = self._bitlines(tile)
                for column in range(tile.columns):
                    of_column = bitlines[:, :, column : column + 1]
                    codes = [self._read(tile, column, rows, of_column) for rows in tile.window_slices]
                    levels[tile.row_slice, tile.first_column + column] = window_bytes(np.concatenate(codes))
            found.append(levels)
        return Weights(found[0], found[1])

    def _bitlines(self, tile: Tile, column: int | None = None) -> Integers:
        """What devices of a tile count as, (2, rows, columns), or those of one column alone. Rule D13."""
        made, layer = self.chip.layers[tile.layer], self.state.layers[tile.layer]
        left = behind_wires(
            self.chip.model, conducted(self.chip.model, made, layer)[:, tile.row_slice, tile.column_slice]
        )
        return left if column is None else left[:, :, column : column + 1]

    def _read(self, tile: Tile, column: int, rows: slice, of_column: Integers) -> NDArray[np.int64]:
        made, shift = self.chip.layers[tile.layer], adc_shift(self.design, tile.layer)
        planes = made.planes[tile.row_tile]
        plane = min(len(planes) - 1, shift)
        counted = np.zeros((rows.stop - rows.start, tile.rows), np.int64)
        counted[:, rows] = np.eye(len(counted), dtype=np.int64) * (int(planes[plane]) << shift)
        first = self.state.probes[tile.layer]
        key = Key((first + np.arange(len(counted))) & SEQUENCE_MASK, purpose=Purpose.PROBE)
        self.state.count_probes(tile.layer, len(counted))
        alone = replace(tile, first_column=tile.first_column + column, columns=1)
        codes = driven_codes(
            self.chip.model, made, alone, of_column, counted, round_shift(counted * counted, SQUARE_SHIFT), key, shift,
            self.design.formats.adc_limit,
        )  # fmt: skip
        return codes[:, 0]


def window_bytes(codes: NDArray[np.int64]) -> NDArray[np.int8]:
    """What the window keeps of codes. Rule W1."""
    return codes.astype(np.int8)
