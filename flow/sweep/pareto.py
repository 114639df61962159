"""The Pareto front of a sweep: points that no other is better than in every column."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from remora.flow.report.figures import Chart, Curve, Panel
from remora.flow.sweep.plan import Pareto, PlanError
from remora.flow.sweep.table import REFUSED, Row
from remora.spec.lib.validation import guess

BLOCK = 512
"""Points that are compared with all others at once, so that memory grows no faster than they."""


def front_of(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether each point is on the front: no other is at most as large in every column and smaller in one.

    Args:
        values: (points, columns), of which less is better; a point with a NaN is not on the front, and beats nobody.

    Returns:
        (points,)
    """
    known = ~np.isnan(values).any(axis=1)
    rivals = values[known]
    beaten = np.ones(len(values), dtype=bool)
    for start in range(0, len(values), BLOCK):
        each = values[start : start + BLOCK, None, :]
        beats = np.logical_and((rivals <= each).all(axis=2), (rivals < each).any(axis=2))
        beaten[start : start + BLOCK] = beats.any(axis=1)
    return known & ~beaten


class Weighed:
    """Rows of a sweep, weighed against each other.

    Attributes:
        rows: with those marked that are on the front.

    Raises:
        PlanError: the front is of a column that no row has.
    """

    def __init__(self, pareto: Pareto, rows: Sequence[Row]) -> None:
        self._columns = [*((name, 1) for name in pareto.minimise), *((name, -1) for name in pareto.maximise)]
        there = list(dict.fromkeys(name for row in rows for name in (*row.figures, *row.fields)))
        for name, _ in self._columns:
            if name not in there:
                raise PlanError(f"pareto: no point has a column '{name}'{guess(name, there)}")
            if all(math.isnan(_number(row, name)) for row in rows):
                raise PlanError(f"pareto: column '{name}' has no numbers, so nothing can be less or more")
        self._values = np.array([[_number(row, name) for name, _ in self._columns] for row in rows])
        self._front = front_of(self._values * np.array([sign for _, sign in self._columns]))
        self.rows = [row._replace(pareto=bool(best)) for row, best in zip(rows, self._front, strict=True)]

    def chart(self) -> Chart:
        """The first column against each other one: every measured point, and those of the front."""
        (first, *others), known = self._columns, ~np.isnan(self._values).any(axis=1)
        panels = []
        for number, other in enumerate(others, 1):
            pair = self._values[:, [0, number]]
            best = pair[self._front]
            best = best[np.lexsort((best[:, 1], best[:, 0]))]
            # Of more than two columns the front is no line in the plane of two.
            line = "--" if len(others) == 1 else ""
            curves = [_curve("others", pair[known & ~self._front], ""), _curve("front", best, line)]
            title = f"{len(best)} of {int(known.sum())} points are on the front"
            panels.append(Panel(title, _axis(first), _axis(other), [curve for curve in curves if curve.x]))
        return Chart(panels)


def _number(row: Row, name: str) -> float:
    value = row.figures.get(name, row.fields.get(name))
    return float(value) if row.status != REFUSED and isinstance(value, int | float) else math.nan


def _axis(column: tuple[str, int]) -> str:
    name, sign = column
    return f"{name} ({'less' if sign > 0 else 'more'} is better)"


def _curve(label: str, points: NDArray[np.float64], line: str) -> Curve:
    x, y = points.T.tolist()
    return Curve(label, x, y, line=line)
