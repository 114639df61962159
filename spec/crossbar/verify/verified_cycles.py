"""Cycles of verified learning: how long the pulses of a column take, from what was read and pulsed.

Counts are those of ``pulse_verifier.py`` and ``row_reader.py`` in ``hdl/learning/verify``, and of
``hdl/learning/write_controller.py``. Rules J1 to J3.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from remora.spec.crossbar.layout import Layer

if TYPE_CHECKING:
    from remora.spec.crossbar.cycles import Cycles

MISSED = 2
"""Cycles from the last sum of a row to the correction of its accumulator (``hdl/learning/verify/missed.py``)."""


@dataclass(frozen=True)
class Round:
    """Pulses of some rows of a tile, and the reading after them.

    Attributes:
        launches: as many as the row with the most pulses has.
        strobes: launches in which a device takes a pulse; the others drop all of theirs, and come last.
        returns: of each row that is read after them, rising, whether its accumulator is corrected.
    """

    launches: int
    strobes: int
    returns: tuple[bool, ...]


@dataclass(frozen=True)
class VerifiedTile:
    """What an update did in one column of a row tile.

    Attributes:
        column: those of the readout counted after the hidden ones.
        row_tile: the row tile.
        rounds: the first reads all its rows, and each of the others those that had not moved.
    """

    column: int
    row_tile: int
    rounds: tuple[Round, ...]


@dataclass(frozen=True)
class Writing:
    """How long the write controller has a column.

    Attributes:
        cycles: from the one in which it takes the column to the one in which it is ready again.
        corrections: cycles, counted from the same, in which an accumulator is corrected and the walk stands still.
    """

    cycles: int
    corrections: tuple[int, ...] = ()


NOTHING_TO_WRITE = Writing(1)
"""Of a column without pulses."""


def column_writing(cycles: Cycles, layer: Layer, tiles: Iterable[VerifiedTile], settled: bool = False) -> Writing:
    """Of a column, from those of its row tiles that have pulses, rising.

    A tile without pulses takes a cycle, those after the last one none. ``settled``: the flags of every tile are sensed
    when the controller comes to it, as where the last tile before had the same numbers of tile and column.
    """
    now, next_tile, corrections = 0, 0, []
    for tile in tiles:
        # The cycle before the one in which the controller comes to the tile.
        now += tile.row_tile - next_tile
        next_tile = tile.row_tile + 1
        rows = len(tile.rounds[0].returns)
        launch = now + 1 + max(cycles.rows_read(layer, rows) + 1, 0 if settled else cycles.sense)
        for each in tile.rounds:
            drops = each.launches - each.strobes
            # Pulses end a cycle before the flags are sensed again. What is dropped takes a cycle each.
            read = launch + each.strobes * cycles.pulse + (drops or -1)
            sums = [read + cycles.rows_read(layer, count) for count in range(1, len(each.returns) + 1)]
            corrections += [at + MISSED for at, returns in zip(sums, each.returns, strict=True) if returns]
            # The check follows the last sum.
            now = sums[-1] + 1
            launch = now + 1
    return Writing(now, tuple(corrections)) if next_tile else NOTHING_TO_WRITE


def column_writings(cycles: Cycles, tiles: Iterable[VerifiedTile], settled: bool = False) -> Mapping[int, Writing]:
    """Of all columns of an update that have pulses, by their number; ``settled`` as of `column_writing`."""
    hidden, columns = cycles.design.network.hidden, dict[int, list[VerifiedTile]]()
    for tile in tiles:
        columns.setdefault(tile.column, []).append(tile)
    return {
        column: column_writing(cycles, Layer.READOUT if column >= hidden else Layer.HIDDEN, each, settled)
        for column, each in columns.items()
    }
