"""Tiles cover every row and column of a layer exactly once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings

from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, all_tiles, bitline_bound, layer_layout
from remora.spec.presets import load_design
from tests.golden.designs import design_points


@settings(max_examples=200)
@given(design_points())
def test_tiles_cover_each_device_once(design):
    for layer in Layer:
        layout = layer_layout(design, layer)
        covered = np.zeros((layout.rows, layout.columns), int)
        for number, tile in enumerate(layout.tiles):
            assert (tile.layer, tile.index) == (layer, number)
            assert number == tile.row_tile * layout.column_tiles + tile.column_tile
            assert 1 <= tile.rows <= design.crossbar.rows and 1 <= tile.columns <= design.crossbar.columns
            assert tile.rows == design.crossbar.rows or tile.row_tile == layout.row_tiles - 1
            assert tile.columns == design.crossbar.columns or tile.column_tile == layout.column_tiles - 1
            assert (tile.macro_rows, tile.macro_columns, tile.unused_devices) == (tile.rows, tile.columns, 0)
            covered[tile.row_slice, tile.column_slice] += 1
        assert (covered == 1).all()
        assert bitline_bound(design, layer) == design.formats.stream_limit * design.crossbar.weight_limit * max(
            tile.rows for tile in layout.tiles
        )


def test_rows_fill_tiles_in_order():
    layout = layer_layout(load_design("tiny", DesignPoint), Layer.HIDDEN)
    assert (layout.row_tiles, layout.column_tiles) == (3, 2)
    assert [(tile.first_row, tile.rows) for tile in layout.tiles[::2]] == [(0, 6), (6, 6), (12, 1)]
    assert [(tile.first_column, tile.columns) for tile in layout.tiles[:2]] == [(0, 4), (4, 3)]


def test_all_tiles_have_their_own_names():
    tiles = all_tiles(load_design("tiny", DesignPoint))
    assert [tile.name for tile in tiles[:2]] == ["hidden_tile_0", "hidden_tile_1"]
    assert len({tile.name for tile in tiles}) == len(tiles) == 6 + 2
    assert tiles[-1].name == "readout_tile_1"


def test_one_hard_macro_holds_every_tile():
    """Tiles are the same as without, and only what a macro leaves over differs."""
    tiny = load_design("tiny", DesignPoint)
    wide, both = (tiny.evolve(crossbar={"macro_columns": 9, **rows}) for rows in ({}, {"macro_rows": 8}))
    for plain, one, other in zip(*map(all_tiles, (tiny, wide, both)), strict=True):
        assert (one.macro_rows, one.macro_columns) == (plain.rows, 9)
        assert (other.macro_rows, other.macro_columns) == (8, 9)
        assert replace(other, macro_rows=plain.rows, macro_columns=plain.columns) == plain
        assert other.unused_devices == 72 - plain.rows * plain.columns > 0
