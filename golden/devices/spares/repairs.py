"""Which spare columns would mend what a self-test has found. Rule Y7."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Tile, all_tiles, layer_layout
from remora.spec.crossbar.self_test.plan import Defect, Finding
from remora.spec.crossbar.spares.spare_map import IDLE, SpareMap

STUCK_ROWS = 4
"""A column is bad where stuck devices are a pair in so many of its rows, or more."""
OF_COLUMNS = (Defect.STUCK, Defect.OFFSET, Defect.DEAD_COLUMN, Defect.DEAD_CONVERTER)
"""Classes that a spare mends."""


@dataclass(frozen=True)
class Repairs:
    """A map of the spare columns, and which of them are bad themselves.

    Attributes:
        spares: the map.
        given_up: tile, as `all_tiles` counts them, and spare of each spare that a test has found bad.
    """

    spares: SpareMap
    given_up: frozenset[tuple[int, int]] = frozenset()

    def after(self, design: DesignPoint, findings: Iterable[Finding]) -> Repairs:
        """Let spares stand in for the worst columns of every tile.

        Args:
            findings: of a test under this map. Spares that serve bad columns are given up.
        """
        columns = [list(each) for each in self.spares.columns]
        bad, given_up = _severities(design, findings), set(self.given_up)
        for number, tile in enumerate(all_tiles(design)):
            found = {column: severity for (tile_number, column), severity in bad.items() if tile_number == number}
            spares = columns[number]
            for spare, column in enumerate(spares):
                if column in found:
                    spares[spare] = IDLE
                    given_up.add((number, spare))
            sound = (spare for spare in range(tile.spares) if spares[spare] == IDLE and (number, spare) not in given_up)
            for spare, column in zip(list(sound), sorted(found, key=lambda each: (-found[each], each)), strict=False):
                spares[spare] = column
        return Repairs(SpareMap(tuple(tuple(each) for each in columns)), frozenset(given_up))


def mended(
    design: DesignPoint, test: Callable[[SpareMap], Iterable[Finding]], before: SpareMap | None = None
) -> SpareMap:
    """The map that mends a chip: a self-test sees bad spares only while they stand in, so each map is tested too.

    Args:
        test: findings of a self-test under a map. It is called until a map stays as it was: once where nothing is bad,
            and once more at most for each round of spares that are taken or given up.
        before: the map of the first test; no spare stands in for a column where None.
    """
    repairs = Repairs(before or SpareMap.idle(design))
    while (found := repairs.after(design, test(repairs.spares))).spares != repairs.spares:
        repairs = found
    return repairs.spares


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
