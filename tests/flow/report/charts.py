"""What every chart must satisfy, measured on the laid-out figure, and its table against what it draws."""

from __future__ import annotations

import csv
import json
from itertools import combinations
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from remora.flow.report.figures import TABLE_HEADER, Chart

TOLERANCE = 0.5
"""Pixels."""
SMALLEST_FONT = 7


def check_layout(figure: Figure) -> int:
    """Assert that nothing covers, cuts or leaves anything: legends, points, bands, bars, words.

    Returns:
        How many points were looked at.
    """
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer, whole = canvas.get_renderer(), figure.bbox
    looked = 0
    for axes in figure.axes:
        drawn = [line.get_transform().transform(line.get_xydata()) for line in axes.lines if line.get_gid() != "guide"]
        others = [part for part in axes.collections if not isinstance(part, QuadMesh)]
        drawn += [part.get_transform().transform(path.vertices) for part in others for path in part.get_paths()]
        for points in drawn:
            outside = ~_within(points, axes.bbox)
            assert not outside.any(), f"{axes.get_title()}: {points[outside][0]} lies outside {axes.bbox.extents}"
            looked += len(points)
        looked += sum(part.get_array().size for part in axes.collections if isinstance(part, QuadMesh))
        _check_legend(axes, figure, renderer)
        _check_words(axes, renderer, whole)
    boxes = [axes.get_tightbbox(renderer) for axes in figure.axes]
    for first, second in combinations(boxes, 2):
        assert not _overlap(first, second), "two axes with their words overlap"
    return looked


def _check_legend(axes: Axes, figure: Figure, renderer) -> None:
    legend = axes.get_legend()
    if legend is None:
        return
    box = legend.get_window_extent(renderer)
    assert _inside(box, figure.bbox), f"{axes.get_title()}: the legend leaves the figure"
    for line in axes.lines:
        reach = line.get_markersize() * figure.dpi / 72 / 2
        path = line.get_path().transformed(line.get_transform())
        wide = Bbox.from_extents(box.x0 - reach, box.y0 - reach, box.x1 + reach, box.y1 + reach)
        visible = Bbox.intersection(wide, axes.bbox)
        covered = visible is not None and path.intersects_bbox(visible, filled=False)
        assert not covered, f"{axes.get_title()}: the legend covers {line.get_label()}"


def _check_words(axes: Axes, renderer, whole: Bbox) -> None:
    words = [axes.title, axes.xaxis.label, axes.yaxis.label, *axes.texts]
    for axis in (axes.xaxis, axes.yaxis):
        ends = sorted(axis.get_view_interval())
        ticks = [
            tick
            for tick in axis.get_major_ticks()
            if ends[0] <= tick.get_loc() <= ends[1] and tick.label1.get_visible()
        ]
        labels = [tick.label1 for tick in ticks if tick.label1.get_text()]
        for first, second in combinations(labels, 2):
            assert not _overlap(first.get_window_extent(renderer), second.get_window_extent(renderer)), (
                f"{axes.get_title()}: tick labels {first.get_text()} and {second.get_text()} overlap"
            )
        words += labels
    for word in words:
        if word.get_text():
            assert _inside(word.get_window_extent(renderer), whole), f"'{word.get_text()}' leaves the figure"
            assert word.get_fontsize() >= SMALLEST_FONT, f"'{word.get_text()}' is too small to read"


def _within(points: np.ndarray, box: Bbox) -> np.ndarray:
    (x0, y0), (x1, y1) = box.min - TOLERANCE, box.max + TOLERANCE
    return (points[:, 0] >= x0) & (points[:, 0] <= x1) & (points[:, 1] >= y0) & (points[:, 1] <= y1)


def _inside(box: Bbox, whole: Bbox) -> bool:
    return bool(_within(box.corners(), whole).all())


def _overlap(first: Bbox, second: Bbox) -> bool:
    common = Bbox.intersection(first, second)
    return common is not None and common.width > TOLERANCE and common.height > TOLERANCE


def check_charts(charts: list[Chart], folder: Path, result: dict) -> list[dict]:
    """Assert that every chart is laid out well, written thrice, and that its table is what it draws.

    Returns:
        Rows of all tables, by names of columns; numbers as such.
    """
    assert len(charts) == len(result["tables"]) > 0 and len(result["figures"]) == 2 * len(charts)
    rows = []
    for chart, table, png, svg in zip(
        charts, result["tables"], result["figures"][::2], result["figures"][1::2], strict=True
    ):
        assert check_layout(chart.figure()) > 0
        assert (folder / png).read_bytes()[:4] == b"\x89PNG" and "<svg" in (folder / svg).read_text(encoding="utf-8")
        with (folder / table).open(newline="", encoding="utf-8") as file:
            found = list(csv.reader(file))
        assert found[0] == list(TABLE_HEADER)
        assert found[1:] == [["" if cell is None else str(cell) for cell in row] for row in chart.table()]
        rows += [dict(zip(TABLE_HEADER, map(_number, row), strict=True)) for row in found[1:]]
        drawn = sum(line.get_xdata().size for axes in chart.figure().axes for line in axes.lines if line.get_gid())
        assert drawn == sum(row["series"] is not None for row in rows[-len(found) + 1 :])
    return rows


def series(rows: list[dict], panel: str, name: str, column: str = "y") -> list:
    """One column of a series, in the order of its points."""
    found = [row[column] for row in rows if panel in row["panel"] and row["series"] == name]
    assert found, f"no series '{name}' in panel '{panel}'"
    return found


def cells(rows: list[dict], panel: str, column: str = "value") -> list:
    """One column of a map, row by row."""
    found = [row[column] for row in rows if panel in row["panel"] and row["series"] is None]
    assert found, f"no map in panel '{panel}'"
    return found


def _number(text: str):
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text
