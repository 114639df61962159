"""Which spare column of which tile stands in for which column."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from remora.spec.crossbar.layout import Layer, Tile, all_tiles
from remora.spec.lib.errors import ConfigError

if TYPE_CHECKING:
    from remora.spec.crossbar.design import DesignPoint

IDLE = -1
"""In place of a column: the spare stands in for none."""


@dataclass(frozen=True)
class Replacement:
    """A spare that stands in for a column.

    Attributes:
        layer: of the tile. ``tile``: its number in the layer.
        spare: of the tile, from 0.
        column: of the tile, from 0.
    """

    layer: Layer
    tile: int
    spare: int
    column: int


@dataclass(frozen=True)
class SpareMap:
    """What the spares of all tiles stand in for. Rules Y1 and Y2.

    Attributes:
        columns: of each tile, the hidden layer's first, and of each of its spares, the column of the tile or `IDLE`.
    """

    columns: tuple[tuple[int, ...], ...]

    @classmethod
    def idle(cls, design: DesignPoint) -> SpareMap:
        """As after the reset pin: no spare stands in for a column."""
        return cls(tuple((IDLE,) * tile.spares for tile in all_tiles(design)))

    @classmethod
    def of(cls, design: DesignPoint, replacements: Iterable[Replacement]) -> SpareMap:
        """The map of these replacements, all other spares idle.

        Raises:
            ConfigError: a tile, a spare or a column is not there, or a spare or a column is named twice.
        """
        columns = [list(each) for each in cls.idle(design).columns]
        numbers = {(tile.layer, tile.index): number for number, tile in enumerate(all_tiles(design))}
        for each in replacements:
            told = f"spare {each.spare} of tile {each.tile} of the {each.layer.name.lower()} layer"
            number = numbers.get((each.layer, each.tile))
            if number is None or not 0 <= each.spare < design.crossbar.spare_columns:
                raise ConfigError(f"{told} is not there: crossbar.spare_columns is {design.crossbar.spare_columns}")
            if not 0 <= each.column < all_tiles(design)[number].columns:
                raise ConfigError(f"{told} cannot stand in for column {each.column}, which the tile does not have")
            if columns[number][each.spare] != IDLE or each.column in columns[number]:
                raise ConfigError(f"{told} and column {each.column}: one of them is given twice")
            columns[number][each.spare] = each.column
        return cls(tuple(tuple(each) for each in columns))

    def check(self, design: DesignPoint) -> SpareMap:
        """Return this map if a design point can have it.

        Raises:
            ConfigError: it cannot; the message says why.
        """
        if [len(each) for each in self.columns] != [tile.spares for tile in all_tiles(design)]:
            raise ConfigError("the map of the spare columns has other tiles or spares than the design point")
        return SpareMap.of(design, self.replacements(design))

    @cached_property
    def used(self) -> bool:
        """Whether any spare stands in for a column."""
        return any(column != IDLE for each in self.columns for column in each)

    def replacements(self, design: DesignPoint) -> list[Replacement]:
        """Every spare that stands in for a column, tile by tile."""
        return [
            Replacement(tile.layer, tile.index, spare, column)
            for tile, each in zip(all_tiles(design), self.columns, strict=True)
            for spare, column in enumerate(each)
            if column != IDLE
        ]


def bitlines_of(tile: Tile, columns: tuple[int, ...]) -> list[int]:
    """Which bitline of its macro serves each bitline that a tile uses: its columns, then its spares. Rule Y2.

    A spare stands in for a column, and the column takes the place of the spare, where nothing reads it.

    Args:
        columns: of each spare the column that it stands in for, or `IDLE`.
    """
    found = list(range(tile.columns + tile.spares))
    for spare, column in enumerate(columns):
        if column != IDLE:
            found[column], found[tile.columns + spare] = tile.columns + spare, column
    return found
