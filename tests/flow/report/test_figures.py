"""Charts: what is drawn is in the table, nothing is covered or cut, and the same numbers give the same bytes."""

from __future__ import annotations

import os
import subprocess
import sys

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from remora.flow.report.figures import STYLE, TABLE_HEADER, Chart, Curve, Guide, Map, Panel
from tests.flow.report.charts import check_layout

MODES = ("accumulate", "direct", "direct-winners", "direct-fine", "software", "accumulate, no replay", "another")


def everything() -> Chart:
    """A chart with all that a chart may hold, at its extremes."""
    few = [Curve(name, range(1, 6), [1, 0, 1, 0.5, index / 7], [None] * 4 + [0.2]) for index, name in enumerate(MODES)]
    many = [
        Curve(f"{bits} bits", np.arange(1, 90), bits * 10.0 ** np.linspace(-4, 3, 89), shade=bits / 7, line=line)
        for bits, line in ((1, "-"), (4, "--"), (7, ":"))
    ]
    text = [["1", "23", "–"], ["0", "456", "7"]]
    return Chart(
        [
            Panel("shares", "tasks learnt", "accuracy", [*few, Guide("chance", [1, 5], [0.1, 0.1])], y_span=(0, 1)),
            Panel("decades", "width", "power, nW", [*many, Guide("rule", [1, 90], [1, 1e9])], True, True),
            Panel("words", "decided as", "said", [Map("abc", ["x", "y"], [[0, 1, np.nan], [2, 3, 4]], "clips", text)]),
        ]
    )


def test_nothing_is_covered_or_cut():
    assert check_layout(everything().figure()) > 100


def test_a_single_point_and_a_flat_curve_have_room():
    panel = Panel("one", "x", "y", [Curve("a", [3], [0]), Curve("b", [3, 3], [0, 0], [0.0, 0.0])])
    assert check_layout(Chart([panel]).figure()) > 2


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda axes: axes.legend(loc="center"), "the legend covers"),
        (lambda axes: axes.legend(loc="upper left", bbox_to_anchor=(1.6, 1)), "the legend leaves the figure|overlap"),
        (lambda axes: axes.set_ylim(0.2, 2), "lies outside"),
        (lambda axes: axes.set_xlim(2, 9), "lies outside"),
        (lambda axes: axes.set_title("long " * 60), "leaves the figure|overlap"),
        (lambda axes: axes.set_xticks([1, 1.01], ["one", "another"]), "tick labels one and another overlap"),
        (lambda axes: axes.xaxis.label.set_fontsize(5), "'steps' is too small to read"),
    ],
)
def test_the_check_finds_what_is_wrong(spoil, message):
    chart = Chart([Panel("a", "steps", "share", [Curve("b", range(1, 6), [0, 1, 0.5, 0.4, 0.6])])] * 2)
    figure = chart.figure()
    check_layout(figure)
    with matplotlib.rc_context(STYLE):
        spoil(figure.axes[0])
    figure.set_layout_engine("none")
    with pytest.raises(AssertionError, match=message):
        check_layout(figure)


def test_the_table_holds_what_is_drawn():
    chart = everything()
    rows = [dict(zip(TABLE_HEADER, row, strict=True)) for row in chart.table()]
    lines = {
        (axes.get_title(), line.get_label()): line.get_xydata().tolist()
        for axes in chart.figure().axes
        for line in axes.lines
        if line.get_gid()
    }
    assert len(lines) == 7 + 1 + 3 + 1
    for (panel, label), points in lines.items():
        found = [[row["x"], row["y"]] for row in rows if (row["panel"], row["series"]) == (panel, label)]
        assert found == points
    assert [row["value"] for row in rows if row["series"] is None] == [0, 1, None, 2, 3, 4]
    assert [row["text"] for row in rows if row["series"] is None] == ["1", "23", "–", "0", "456", "7"]
    assert [row["standard deviation"] for row in rows if row["series"] == MODES[0]] == [None] * 4 + [0.2]


SCRIPT = """
import sys
from pathlib import Path
from tests.flow.report.test_figures import everything
everything().write(Path(sys.argv[1]), "all")
"""


def test_the_same_numbers_give_the_same_bytes(tmp_path):
    """In another process too, with other hashes and another day."""
    names = everything().write(tmp_path / "here", "all")
    environment = os.environ | {"PYTHONHASHSEED": "77", "SOURCE_DATE_EPOCH": "1000000000"}
    subprocess.run([sys.executable, "-c", SCRIPT, str(tmp_path / "there")], check=True, env=environment)
    assert names == {"png": "all.png", "svg": "all.svg", "csv": "all.csv"}
    for name in names.values():
        assert (tmp_path / "here" / name).read_bytes() == (tmp_path / "there" / name).read_bytes(), name
    assert sorted(path.name for path in (tmp_path / "here").iterdir()) == sorted(names.values())
    assert b"<dc:date>" not in (tmp_path / "here" / "all.svg").read_bytes()


@pytest.mark.parametrize(("x", "y"), [([1, 2], [1, float("nan")]), ([1, 2], [1, float("inf")]), ([0, 1], [1, 1])])
def test_a_point_that_cannot_be_drawn_is_no_silent_gap(x, y):
    with pytest.raises(ValueError, match="'errors', noise: . = .* cannot be drawn"):
        Chart([Panel("errors", "x", "y", [Curve("noise", x, y)], x_log=True)])


def test_drawing_leaves_matplotlib_as_it_was():
    before = dict(matplotlib.rcParams)
    assert isinstance(everything().figure(), Figure) and dict(matplotlib.rcParams) == before
