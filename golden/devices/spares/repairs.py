"""Which spare columns would mend what a self-test has found. Rule Y7."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Tile, all_tiles, layer_layout
from remora.spec.crossbar.self_test.plan import Defect, Finding
from remora.spec.crossbar.spares.spare_map import IDLE, SpareMap

STUCK_ROWS = 4
"""A column is bad where stuck devices are a pair in so many of its rows, or more."""
OF_COLUMNS = (Defect.STUCK, Defect.OFFSET, Defect.DEAD_COLUMN, Defect.DEAD_CONVERTER)
"""Classes that a spare mends."""


def repaired(design: DesignPoint, findings: Iterable[Finding], before: SpareMap | None = None) -> SpareMap:
    """The map that lets spares stand in for the worst columns of every tile.

    Args:
        before: the map under which the test ran; no spare stood in for a column where None. A spare that was found bad
            itself is given up, and one after it takes its place.
    """
    columns = [list(each) for each in (before or SpareMap.idle(design)).columns]
    bad = _severities(design, findings)
    for number, tile in enumerate(all_tiles(design)):
        found = {column: severity for (tile_number, column), severity in bad.items() if tile_number == number}
        spares, first = columns[number], [0] * tile.columns
        for spare, column in enumerate(spares):
            if column in found:
                spares[spare], first[column] = IDLE, spare + 1
        for column in sorted(found, key=lambda each: (-found[each], each)):
            idle = [spare for spare in range(first[column], tile.spares) if spares[spare] == IDLE]
            if idle:
                spares[idle[0]] = column
    return SpareMap(tuple(tuple(each) for each in columns))


def is_replaced(design: DesignPoint, finding: Finding, spares: SpareMap | None) -> bool:
    """Whether a spare stands in for the column of the tile where something was found."""
    if spares is None or finding.defect not in OF_COLUMNS:
        return False
    number, tile = _tile_of(design, finding)
    return finding.column - tile.first_column in spares.columns[number]


def _severities(design: DesignPoint, findings: Iterable[Finding]) -> dict[tuple[int, int], int]:
    """(Tile, column of it) → how bad the column is, where it is."""
    seen: Counter[tuple[int, int]] = Counter()
    for finding in findings:
        if finding.defect not in OF_COLUMNS or _harms_nothing(design, finding):
            continue
        number, tile = _tile_of(design, finding)
        weight = 1 if finding.defect is Defect.STUCK else 2 * tile.rows + 1
        seen[number, finding.column - tile.first_column] += weight
    tiles = all_tiles(design)
    return {key: count for key, count in seen.items() if STUCK_ROWS * count >= tiles[key[0]].rows}


def _harms_nothing(design: DesignPoint, finding: Finding) -> bool:
    """A stuck device in the row of biases, which are digital and not held there. Rule K5."""
    stuck = design.capabilities.digital_bias and finding.defect is Defect.STUCK
    return stuck and finding.row == layer_layout(design, finding.layer).rows - 1


def _tile_of(design: DesignPoint, finding: Finding) -> tuple[int, Tile]:
    return next(
        (number, tile)
        for number, tile in enumerate(all_tiles(design))
        if tile.layer is finding.layer
        and 0 <= finding.row - tile.first_row < tile.rows
        and 0 <= finding.column - tile.first_column < tile.columns
    )
