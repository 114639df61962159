"""Which rows and columns of a layer lie in which crossbar tile."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import TYPE_CHECKING

from remora.spec.lib.fixed import signed_width

if TYPE_CHECKING:
    from remora.spec.crossbar.design import DesignPoint


class Layer(IntEnum):
    """The layers that live in crossbars; values are those of the weight window's `layer` field."""

    HIDDEN = 0
    READOUT = 1


WINDOW_ROWS = 16
"""Rows of a column that the weight window holds at once: 128 bits."""
ROWS_PER_WORD = 4
"""Rows that one access to the weight window carries."""


@dataclass(frozen=True)
class Tile:
    """One crossbar macro: ``rows`` wordlines from ``first_row`` and ``columns`` bitlines from ``first_column`` of its
    layer.

    They are the first of the ``macro_rows`` wordlines and ``macro_columns`` bitlines that the macro has. After the
    columns come its ``spares`` spare ones. Rule Y1.
    """

    layer: Layer
    index: int
    row_tile: int
    column_tile: int
    first_row: int
    rows: int
    first_column: int
    columns: int
    macro_rows: int
    macro_columns: int
    spares: int = 0

    @property
    def name(self) -> str:
        """Instance name in the hardware and of its memory image."""
        return f"{self.layer.name.lower()}_tile_{self.index}"

    @property
    def row_slice(self) -> slice:
        """Rows of the layer that lie in this tile."""
        return slice(self.first_row, self.first_row + self.rows)

    @property
    def unused_devices(self) -> int:
        """Pairs of devices of the macro that no row and column of the layer uses: those of spares, or of what spares
        stand in for, among them."""
        return self.macro_rows * self.macro_columns - self.rows * self.columns

    @property
    def window_slices(self) -> tuple[slice, ...]:
        """Rows of the tile that the weight window holds at once, in the order of its field `slice`."""
        return tuple(slice(first, min(first + WINDOW_ROWS, self.rows)) for first in range(0, self.rows, WINDOW_ROWS))

    @property
    def column_slice(self) -> slice:
        """Columns of the layer that lie in this tile."""
        return slice(self.first_column, self.first_column + self.columns)


@dataclass(frozen=True)
class LayerLayout:
    """Rows and columns of a layer and the tiles that hold them; ``tiles[row_tile * column_tiles + column_tile]``."""

    layer: Layer
    rows: int
    columns: int
    row_tiles: int
    column_tiles: int
    tiles: tuple[Tile, ...]


@cache
def layer_layout(design: DesignPoint, layer: Layer) -> LayerLayout:
    """Tiles of one layer. Rows fill tiles in order: every tile but the last is full; a macro is only as large as its
    share, unless the design point says how large the hard macro of all tiles is.

    Row order of the hidden layer: features, states, bias; of the readout: states, bias. Bistable cells remember by
    themselves, so there the hidden layer has features and bias alone.
    """
    network, crossbar = design.network, design.crossbar
    rows, columns = (
        (design.hidden_rows, network.hidden) if layer is Layer.HIDDEN else (design.readout_rows, network.classes)
    )
    row_starts = range(0, rows, crossbar.rows)
    column_starts = range(0, columns, crossbar.columns)
    tiles = tuple(
        Tile(
            layer=layer,
            index=row_tile * len(column_starts) + column_tile,
            row_tile=row_tile,
            column_tile=column_tile,
            first_row=first_row,
            rows=(used_rows := min(crossbar.rows, rows - first_row)),
            first_column=first_column,
            columns=(used_columns := min(crossbar.columns, columns - first_column)),
            macro_rows=crossbar.macro_rows or used_rows,
            macro_columns=crossbar.macro_columns or used_columns + crossbar.spare_columns,
            spares=crossbar.spare_columns,
        )
        for row_tile, first_row in enumerate(row_starts)
        for column_tile, first_column in enumerate(column_starts)
    )
    return LayerLayout(layer, rows, columns, len(row_starts), len(column_starts), tiles)


def cell_groups(design: DesignPoint) -> tuple[Tile, ...]:
    """The first row tile's tiles of the hidden layer: their columns are those of one macro of bistable cells each."""
    layout = layer_layout(design, Layer.HIDDEN)
    return layout.tiles[: layout.column_tiles]


def group_name(group: Tile) -> str:
    """Instance name in the hardware, and of the memory image, of the cells at a group's columns."""
    return f"hidden_cells_{group.column_tile}"


def all_tiles(design: DesignPoint) -> tuple[Tile, ...]:
    """Every tile of the design: hidden layer first."""
    return tuple(tile for layer in Layer for tile in layer_layout(design, layer).tiles)


def bias_word(design: DesignPoint, layer: Layer) -> int:
    """What the bias line streams to a layer: every plane."""
    return design.formats.stream_limit if layer is Layer.HIDDEN else (1 << design.readout_planes) - 1


def driven_bias(design: DesignPoint, layer: Layer) -> int:
    """What drives the last row of a layer: the bias word, or nothing where biases are digital."""
    return 0 if design.capabilities.digital_bias else bias_word(design, layer)


def adc_shift(design: DesignPoint, layer: Layer) -> int:
    """``rs`` shift from a layer's bitline sum in whole levels to a code."""
    return design.adc_shift if layer is Layer.HIDDEN else design.readout_adc_shift


def first_wordline(design: DesignPoint, layer: Layer) -> int:
    """Wordline of the streamer that is the layer's first row; its last row is the bias line in every case."""
    return 0 if layer is Layer.HIDDEN else design.network.features


def bitline_bound(design: DesignPoint, layer: Layer) -> int:
    """Largest magnitude of a tile's bitline sum, in units of whole levels."""
    rows = max(tile.rows for tile in layer_layout(design, layer).tiles)
    return bias_word(design, layer) * rows * design.crossbar.weight_limit


def current_bits(design: DesignPoint) -> int:
    """Width of the current that a bitline of the hidden layer hands on, in units of conductance below one level."""
    return signed_width(bitline_bound(design, Layer.HIDDEN) << design.crossbar.fraction_bits)


def sum_bits(design: DesignPoint, layer: Layer) -> int:
    """Width of the exact sum of the codes of a layer's row tiles."""
    return signed_width(design.formats.adc_limit * layer_layout(design, layer).row_tiles)
