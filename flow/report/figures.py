"""Charts in one style: described as numbers with words, then drawn as PNG and SVG and written as a table.

An experiment describes its charts with `Chart`; what is drawn and what the table holds are the same objects. Colours
are those of Okabe and Ito ("Color universal design", 2008), which stay apart for colour-blind readers; markers and
dashes tell curves apart without any colour.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from remora.spec.lib.extras import require_extra
from remora.spec.lib.files import replacing, write_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = "osD^vPX"
GUIDE_COLOUR = "#606060"
STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.alpha": 0.3,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "lines.linewidth": 1.4,
    "lines.markersize": 4,
    "savefig.dpi": 150,
    # Names inside an SVG come from this salt instead of chance, so that the same numbers give the same bytes.
    "svg.hashsalt": "remora",
}
"""matplotlib's settings, of every chart."""
PANEL_WIDTH, LEGEND_WIDTH, HEIGHT = 4.2, 1.7, 3.6
"""Inches."""
MARGIN = 0.04
"""Share of an axis that is left free beyond the outermost point, so that no marker is cut."""
BAR_STEP, BARS_WIDTH = 2.5, 15
"""Points, 1/72 inch: between the bars of two curves at one place, and of all bars there at most."""
DARK = 0.55
"""Share of a map's range from which text in a cell is white."""

TABLE_HEADER = (
    "panel", "x quantity", "y quantity", "series", "x", "y", "standard deviation", "value quantity", "value", "text",
)  # fmt: skip
"""Columns of the table: a row for every point of a curve or a guide, and for every cell of a map."""


@dataclass(frozen=True)
class Curve:
    """Points, joined by a line or not.

    Attributes:
        label: in the legend.
        x, y: of one length; finite, and above zero where an axis is logarithmic.
        deviation: standard deviation of each y; None where it is not known. Drawn as a band where all are known, else
            as bars.
        line: "-", "--", ":" or "" for points alone.
        colour: number of the colour and marker; curves that belong together share one. The place of the curve in its
            panel where None.
        shade: 0 … 1, in place of a colour, where the curves of a panel are ordered by a number.
    """

    label: str
    x: Sequence[float]
    y: Sequence[float]
    deviation: Sequence[float | None] | None = None
    line: str = "-"
    colour: int | None = None
    shade: float | None = None


@dataclass(frozen=True)
class Guide:
    """A thin line for the eye, such as a target: drawn beneath the curves, and no reason to widen an axis."""

    label: str
    x: Sequence[float]
    y: Sequence[float]
    line: str = "-"


@dataclass(frozen=True)
class Map:
    """A table in colours.

    Attributes:
        columns, rows: names along x and, from the top, along y.
        values: (rows, columns); NaN where there is none.
        quantity: what a value is, with its unit.
        low, high: ends of the colours; those of the values where None.
        logarithmic: whether the colours are.
        text: (rows, columns) what to write into each cell.
    """

    columns: Sequence[Any]
    rows: Sequence[Any]
    values: Sequence[Sequence[float]]
    quantity: str
    text: Sequence[Sequence[str]]
    low: float | None = None
    high: float | None = None
    logarithmic: bool = False


@dataclass(frozen=True)
class Panel:
    """One pair of axes.

    Attributes:
        x, y: what is along them, with the unit.
        content: curves and guides in the order of the legend, or one map.
        x_log, y_log: whether the axis is logarithmic.
        x_span, y_span: least range to show; wider where the points are.
        x_ticks: where to write numbers along x; matplotlib's choice where None.
    """

    title: str
    x: str
    y: str
    content: Sequence[Curve | Guide | Map]
    x_log: bool = False
    y_log: bool = False
    x_span: tuple[float, float] | None = None
    y_span: tuple[float, float] | None = None
    x_ticks: Sequence[float] | None = None

    @property
    def curves(self) -> list[Curve]:
        """Its curves."""
        return [one for one in self.content if isinstance(one, Curve)]


@dataclass(frozen=True)
class Chart:
    """Panels side by side.

    Raises:
        ValueError: a point of a curve cannot be drawn: it is not finite, or not above zero on a logarithmic axis.
    """

    panels: Sequence[Panel]

    def __post_init__(self) -> None:
        for panel in self.panels:
            for curve in panel.curves:
                for axis, values, log in (("x", curve.x, panel.x_log), ("y", curve.y, panel.y_log)):
                    bad = [value for value in values if not math.isfinite(value) or (log and value <= 0)]
                    if bad:
                        raise ValueError(f"'{panel.title}', {curve.label}: {axis} = {bad[0]} cannot be drawn")

    def figure(self) -> Figure:
        """Drawn by matplotlib, without a display and without global state."""
        require_extra("drawing charts", "plot")
        import matplotlib
        from matplotlib.figure import Figure

        with matplotlib.rc_context(STYLE):
            widths = [PANEL_WIDTH + LEGEND_WIDTH * bool(_labelled(panel)) for panel in self.panels]
            made = Figure(figsize=(sum(widths), HEIGHT), layout="constrained")
            every = made.subplots(1, len(widths), width_ratios=widths, squeeze=False)[0]
            for axes, panel in zip(every, self.panels, strict=True):
                _draw(made, axes, panel)
            return made

    def table(self) -> list[list]:
        """Every number that is drawn, in rows under `TABLE_HEADER`; None where a column does not apply."""
        return [row for panel in self.panels for row in _rows(panel)]

    def write(self, folder: Path, stem: str) -> dict[str, str]:
        """Write ``stem`` with the suffixes .png, .svg and .csv into a folder; each appears whole or not at all.

        The same chart gives the same bytes.

        Returns:
            Suffix without the dot → name of the file.

        Raises:
            OSError: a file cannot be written; the error names it.
        """
        import matplotlib

        figure, names = self.figure(), {kind: f"{stem}.{kind}" for kind in ("png", "svg", "csv")}
        with matplotlib.rc_context(STYLE):
            for kind, metadata in (("png", {"Software": None}), ("svg", {"Date": None, "Creator": None})):
                with replacing(folder / names[kind]) as partial:
                    figure.savefig(partial, format=kind, metadata=metadata)
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([TABLE_HEADER, *self.table()])
        write_text(folder / names["csv"], text.getvalue())
        return names


def _rows(panel: Panel) -> Iterator[list]:
    head = [panel.title, panel.x, panel.y]
    for one in panel.content:
        if isinstance(one, Map):
            for row, values, texts in zip(one.rows, one.values, one.text, strict=True):
                for column, value, text in zip(one.columns, values, texts, strict=True):
                    known = None if math.isnan(value) else float(value)
                    yield [*head, None, column, row, None, one.quantity, known, text]
            continue
        deviations = getattr(one, "deviation", None) or [None] * len(one.x)
        for x, y, deviation in zip(one.x, one.y, deviations, strict=True):
            yield [*head, one.label, _plain(x), _plain(y), None if deviation is None else _plain(deviation)] + [
                None
            ] * 3


def _plain(value: float) -> float | int:
    """A number of Python's own, which is written with all its digits."""
    return value.item() if isinstance(value, np.generic) else value


def _labelled(panel: Panel) -> list:
    return [one for one in panel.content if not isinstance(one, Map)]


def _draw(figure: Figure, axes: Axes, panel: Panel) -> None:
    axes.set(title=panel.title, xlabel=panel.x, ylabel=panel.y)
    for one in panel.content:
        if isinstance(one, Map):
            _draw_map(figure, axes, one)
            return
    if panel.x_log:
        axes.set_xscale("log")
    if panel.y_log:
        axes.set_yscale("log")
    for position, curve in enumerate(panel.curves):
        _draw_curve(axes, curve, position, len(panel.curves))
    axes.set_xlim(_limits([curve.x for curve in panel.curves], panel.x_span, panel.x_log))
    spread = [part for curve in panel.curves for part in _with_deviation(curve)]
    axes.set_ylim(_limits(spread, panel.y_span, panel.y_log))
    if panel.x_ticks is not None:
        from matplotlib.ticker import NullLocator

        axes.set_xticks(list(panel.x_ticks), [f"{tick:g}" for tick in panel.x_ticks])
        axes.xaxis.set_minor_locator(NullLocator())
    for one in panel.content:
        if isinstance(one, Guide):
            axes.plot(one.x, one.y, one.line, color=GUIDE_COLOUR, linewidth=0.9, zorder=1, label=one.label, gid="guide")
    # Beside the axes: inside, it would cover whatever lies there.
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.02), borderaxespad=0.2)


def _draw_curve(axes: Axes, curve: Curve, position: int, of: int) -> None:
    from matplotlib import colormaps
    from matplotlib.transforms import ScaledTranslation

    number = position if curve.colour is None else curve.colour
    colour = COLOURS[number % len(COLOURS)] if curve.shade is None else colormaps["viridis"](0.8 * curve.shade)
    marker = MARKERS[(number if curve.shade is None else position) % len(MARKERS)]
    # What comes first has larger markers, so that they show beneath a curve that covers it.
    size = STYLE["lines.markersize"] + max(0, 3 - position) * 0.9
    look: dict[str, Any] = {"color": colour, "label": curve.label, "marker": marker, "gid": "data"}
    look["markersize"] = size
    # A filled and an open marker tell two curves of one colour apart where their dashes cannot be seen.
    look |= {"markerfacecolor": "white"} if curve.line not in ("-", "") else {}
    many = len(curve.x) > 30 and curve.line
    axes.plot(curve.x, curve.y, linestyle=curve.line or "none", markevery=len(curve.x) // 15 if many else 1, **look)
    if not curve.deviation:
        return
    known = [index for index, deviation in enumerate(curve.deviation) if deviation is not None]
    x, y, deviation = (np.array([part[index] for index in known]) for part in (curve.x, curve.y, curve.deviation))
    if len(known) == len(curve.x) > 1:
        axes.fill_between(x, y - deviation, y + deviation, color=colour, alpha=0.2, linewidth=0)
    else:
        # Side by side where several stand at one place; the points themselves stay where they are.
        aside = ScaledTranslation(
            (position - (of - 1) / 2) * min(BAR_STEP, BARS_WIDTH / of) / 72, 0, axes.figure.dpi_scale_trans
        )
        axes.errorbar(x, y, deviation, color=colour, linestyle="none", capsize=2, transform=axes.transData + aside)


def _with_deviation(curve: Curve) -> list[list[float]]:
    deviations = [deviation or 0 for deviation in curve.deviation or [0] * len(curve.y)]
    return [[y + sign * by for y, by in zip(curve.y, deviations, strict=True)] for sign in (-1, 1)]


def _limits(parts: Sequence[Sequence[float]], span: tuple[float, float] | None, log: bool) -> tuple[float, float]:
    """Ends of an axis that holds every value, with a margin."""
    values = [float(value) for part in (*parts, span or ()) for value in part if not log or value > 0]
    if not values:
        return (1, 10) if log else (0, 1)
    ends = [min(values), max(values)]
    ends = [math.log10(end) for end in ends] if log else ends
    width = ends[1] - ends[0] or abs(ends[0]) or 1
    low, high = ends[0] - MARGIN * width, ends[1] + MARGIN * width
    return (10**low, 10**high) if log else (low, high)


def _draw_map(figure: Figure, axes: Axes, shown: Map) -> None:
    from matplotlib.colors import LogNorm, Normalize

    values = np.ma.masked_invalid(np.array(shown.values, float))
    low = float(values.min()) if shown.low is None else shown.low
    high = float(values.max()) if shown.high is None else shown.high
    scale = (LogNorm if shown.logarithmic else Normalize)(low, high if high > low else low + 1)
    mesh = axes.pcolormesh(values, cmap="Blues", norm=scale, edgecolors="white", linewidth=0.5)
    axes.set_facecolor("#d8d8d8")
    axes.set_xticks(np.arange(len(shown.columns)) + 0.5, [str(one) for one in shown.columns])
    axes.set_yticks(np.arange(len(shown.rows)) + 0.5, [str(one) for one in shown.rows])
    axes.tick_params(length=0)
    axes.invert_yaxis()
    axes.grid(visible=False)
    for (row, column), value in np.ndenumerate(np.array(shown.values, float)):
        dark = math.isfinite(value) and scale(value) > DARK
        axes.text(
            column + 0.5, row + 0.5, shown.text[row][column], ha="center", va="center", fontsize=7.5,
            color="white" if dark else "black",
        )  # fmt: skip
    figure.colorbar(mesh, ax=axes, label=shown.quantity)
