"""What a compiled kernel pulsed and read in verified learning, as ``verify.h`` tells it."""

from __future__ import annotations

import ctypes
from itertools import groupby

import numpy as np

from remora.spec.crossbar.verify.verified_cycles import Round, VerifiedTile

NUMBERS = 6
"""Of a row in a round: column, row, round, pulses due, pulses applied, whether its accumulator is corrected."""


def verified_tiles(library: ctypes.CDLL, tile_rows: int) -> tuple[VerifiedTile, ...]:
    """Of the last sequence that this thread learnt, in the order of the update.

    Args:
        tile_rows: rows of a row tile.
    """
    address = ctypes.POINTER(ctypes.c_int64)()
    count = library.remora_verified(ctypes.byref(address))
    rows = np.ctypeslib.as_array(address, (count // NUMBERS, NUMBERS)).tolist() if count else []
    return tuple(
        VerifiedTile(column, tile, tuple(_round(list(part)) for _, part in groupby(rows_of_tile, lambda row: row[2])))
        for (column, tile), rows_of_tile in groupby(rows, lambda row: (row[0], row[1] // tile_rows))
    )


def _round(rows: list[list[int]]) -> Round:
    due, applied, returns = list(zip(*rows, strict=True))[3:]
    return Round(max(due), max(applied), tuple(map(bool, returns)))
