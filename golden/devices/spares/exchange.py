"""What changes places where a spare column stands in for another: arrays of columns, and of what serves none.

Rules Y1 and Y5.
"""

from __future__ import annotations

from numpy.typing import NDArray

from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, Tile, all_tiles, layer_layout
from remora.spec.crossbar.spares.spare_map import IDLE, SpareMap


def of_layer(design: DesignPoint, layer: Layer, spares: SpareMap) -> tuple[tuple[int, ...], ...]:
    """What the spares of each tile of a layer stand in for."""
    tiles = zip(all_tiles(design), spares.columns, strict=True)
    return tuple(columns for tile, columns in tiles if tile.layer is layer)


def exchange(design: DesignPoint, layer: Layer, spares: SpareMap, own: NDArray, parked: NDArray) -> None:
    """Let columns and the spares that stand in for them change places, in place.

    Args:
        own: (…, rows, columns) of the layer. ``parked``: (…, rows, spares of its column tiles).
    """
    for tile, column, spare in _pairs(design, layer, spares):
        here = (..., tile.row_slice, column)
        there = (..., tile.row_slice, spare)
        kept = own[here].copy()
        own[here], parked[there] = parked[there], kept


def exchange_converters(design: DesignPoint, layer: Layer, spares: SpareMap, own: NDArray, parked: NDArray) -> None:
    """As `exchange`, of arrays (row tiles, columns)."""
    for tile, column, spare in _pairs(design, layer, spares):
        here, there = (tile.row_tile, column), (tile.row_tile, spare)
        own[here], parked[there] = int(parked[there]), int(own[here])


def _pairs(design: DesignPoint, layer: Layer, spares: SpareMap) -> list[tuple[Tile, int, int]]:
    """Of every spare that is in use its tile, the column of the layer, and its place among the parked."""
    tiles = zip(layer_layout(design, layer).tiles, of_layer(design, layer, spares), strict=True)
    return [
        (tile, tile.first_column + column, tile.column_tile * tile.spares + spare)
        for tile, columns in tiles
        for spare, column in enumerate(columns)
        if column != IDLE
    ]
