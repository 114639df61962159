"""From states at once to what their words count as in a tile of real devices, and to the squares of that."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from remora.golden.crossbar.array import HALF
from remora.spec.crossbar.design import DesignPoint

AWAY = 1 + 2.0**-40
"""Moves halves away from zero and no other number of a state's grid across a whole one."""


class CountedWords:
    """What recurrent words count as: a table of rows by word, behind the rounding of rule C4.

    Args:
        factor: β, in 1/256.
        rows: (k, 2 · stream_limit + 1) what is asked of each word, from the lowest word; words themselves in the first.
    """

    def __init__(self, design: DesignPoint, factor: int, rows: NDArray[np.floating]):
        limit = design.formats.stream_limit
        self._rows, self._alone = np.ascontiguousarray(rows), len(rows) == 1
        self._highest, self._lowest = np.array(float(limit)), np.array(-float(limit))
        self._scale = np.array(factor * 2.0**-design.formats.word_shift * AWAY)
        self._middle = np.array(limit + HALF)

    def count(
        self, states: NDArray[np.floating], out: NDArray[np.floating], index: NDArray[np.intp], work: NDArray
    ) -> None:
        """The rows of the words of ``states``, (n, hidden), into ``out``, (k, n, hidden).

        ``index`` and ``work``, of the shape of ``states``, are overwritten.
        """
        np.multiply(states, self._scale, work)
        if self._alone:
            np.rint(work, work)
            np.minimum(work, self._highest, out=work)
            np.maximum(work, self._lowest, out=out[0])
            return
        np.add(work, self._middle, work)
        index[...] = work  # rounds down: words that do not saturate are positive here
        self._rows.take(index, axis=1, out=out, mode="clip")
