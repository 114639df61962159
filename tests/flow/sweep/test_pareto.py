"""The Pareto front against its definition, point by point."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from remora.flow.sweep import pareto as subject
from remora.flow.sweep.pareto import Weighed, front_of
from remora.flow.sweep.plan import Pareto, PlanError
from remora.flow.sweep.table import DONE, REFUSED, Row


def slowly(values: np.ndarray) -> list[bool]:
    """By the definition, one pair after the other."""
    rows = values.tolist()

    def beats(one: list[float], other: list[float]) -> bool:
        pairs = list(zip(one, other, strict=True))
        return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)

    known = [not any(value != value for value in row) for row in rows]
    return [
        good and not any(beats(rival, row) for rival, there in zip(rows, known, strict=True) if there)
        for row, good in zip(rows, known, strict=True)
    ]


@pytest.mark.parametrize(("count", "columns"), list(itertools.product((1, 2, 40), (1, 2, 3))))
def test_the_front_is_what_nobody_beats(count, columns, monkeypatch):
    monkeypatch.setattr(subject, "BLOCK", 7)
    random = np.random.default_rng(count * columns)
    on = 0
    for _ in range(30):
        values = random.integers(0, 5, (count, columns)).astype(float)
        values[random.random((count, columns)) < 0.1] = np.nan
        found = front_of(values).tolist()
        assert found == slowly(values)
        on += sum(found)
    assert on > 0


def rows() -> list[Row]:
    figures = [(3, 0.5), (2, 0.5), (2, 0.4), (1, 0.1), (9, 0.9)]
    made = [Row(n, {"cell.lanes": n}, DONE, "", {"a": a, "b": b}) for n, (a, b) in enumerate(figures, 1)]
    return [*made, Row(6, {"cell.lanes": 6}, REFUSED, "too many", {})]


def test_rows_are_marked_and_drawn():
    weighed = Weighed(Pareto(minimise=["a"], maximise=["b"]), rows())
    assert [row.pareto for row in weighed.rows] == [False, True, False, True, True, False]
    [panel] = weighed.chart().panels
    others, front = panel.content
    assert (list(front.x), list(front.y), front.line) == ([1, 2, 9], [0.1, 0.5, 0.9], "--")
    assert sorted(zip(others.x, others.y, strict=True)) == [(2, 0.4), (3, 0.5)]
    assert (panel.x, panel.y) == ("a (less is better)", "b (more is better)")


def test_a_field_may_be_weighed_and_three_columns_give_two_panels():
    chart = Weighed(Pareto(minimise=["cell.lanes", "a"], maximise=["b"]), rows()).chart()
    assert [(panel.x, panel.y) for panel in chart.panels] == [
        ("cell.lanes (less is better)", "a (less is better)"), ("cell.lanes (less is better)", "b (more is better)"),
    ]  # fmt: skip
    assert all(curve.line == "" for panel in chart.panels for curve in panel.curves)


def test_a_column_that_is_not_there_is_refused():
    with pytest.raises(PlanError, match="no point has a column 'lanes'; did you mean 'cell.lanes'"):
        Weighed(Pareto(minimise=["a", "lanes"]), rows())
    with pytest.raises(PlanError, match="column 'word' has no numbers"):
        Weighed(Pareto(minimise=["a", "word"]), [row._replace(fields={"word": "x"}) for row in rows()])
