"""What the converters give of rows that the weight window drives by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remora.golden.crossbar.weights import Weights
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, Tile, adc_shift, layer_layout
from remora.spec.lib.fixed import round_shift, saturate


@dataclass(frozen=True)
class Drive:
    """One command ``WINDOW_CONTROL.drive``.

    Attributes:
        tile: whose rows are driven. Tiles beside it share its wordlines.
        part: the slice of the tile, as its field ``slice``.
        values: of each row of the slice, the byte in the window; its sign is the polarity, and 0 does not drive.
        planes: on how many planes, 1 … ``stream_bits``.
    """

    tile: Tile
    part: int
    values: Sequence[int]
    planes: int


def driven_codes(design: DesignPoint, weights: Weights, layer: Layer, drives: Iterable[Drive]) -> NDArray[np.int64]:
    """Codes that one ``WINDOW_CONTROL.convert`` of a layer gives after drives of its tiles, in any order.

    A drive on n planes adds ±(2ⁿ − 1) to each row that it drives. Rules X3 and X4.

    Returns:
        (row tiles, columns of the layer): column c of a tile is at ``[tile.row_tile, tile.first_column + c]``.

    Raises:
        ValueError: a drive is of another layer, has other than one value a row, or planes that there are not.
    """
    layout, most = layer_layout(design, layer), design.formats.stream_bits
    words = np.zeros(layout.rows, np.int64)
    for drive in drives:
        rows = drive.tile.window_slices[drive.part]
        if drive.tile.layer is not layer or len(drive.values) != rows.stop - rows.start:
            raise ValueError(
                f"a drive of {len(drive.values)} rows of {drive.tile.name}; "
                f"it must have {rows.stop - rows.start} values and be of the layer {layer.name.lower()}"
            )
        if not 1 <= drive.planes <= most:
            raise ValueError(f"a drive on {drive.planes} planes; it must be on 1 … {most}")
        first = drive.tile.first_row + rows.start
        words[first : first + len(drive.values)] += np.sign(drive.values) * ((1 << drive.planes) - 1)
    levels = (weights.hidden if layer is Layer.HIDDEN else weights.readout).astype(np.int64)
    sums = np.stack([words[tile.row_slice] @ levels[tile.row_slice] for tile in layout.tiles[:: layout.column_tiles]])
    return np.asarray(saturate(round_shift(sums, adc_shift(design, layer)), design.formats.adc_limit))
