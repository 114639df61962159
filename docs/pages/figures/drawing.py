"""What all figures share: the style of the project's charts, boxes with arrows, and rows of bars over cycles."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from remora.flow.report.figures import COLOURS, STYLE

LOOK = STYLE | {"axes.grid": False, "svg.fonttype": "path", "hatch.linewidth": 0.6}
EDGE = "#404040"


@dataclass(frozen=True)
class Bar:
    """A phase in a row.

    Attributes:
        start, cycles: first cycle, and how many.
        label: written into the bar.
        colour: number of the colour.
    """

    start: float
    cycles: float
    label: str = ""
    colour: int = 0


@dataclass(frozen=True)
class Row:
    """A named row of bars."""

    name: str
    bars: Sequence[Bar]


def new_figure(width: float, height: float) -> tuple[Figure, Axes]:
    """An empty figure of so many inches, and its axes."""
    with matplotlib.rc_context(LOOK):
        figure = Figure(figsize=(width, height), layout="constrained")
        return figure, figure.subplots()


def draw_rows(axes: Axes, rows: Sequence[Row], label: str) -> None:
    """Rows of bars from the top, over an axis of cycles."""
    for y, row in enumerate(rows):
        for bar in row.bars:
            axes.barh(
                y,
                bar.cycles,
                left=bar.start,
                height=0.62,
                color=COLOURS[bar.colour],
                edgecolor="white",
                alpha=0.85,
            )
            axes.text(bar.start + bar.cycles / 2, y, bar.label, ha="center", va="center", fontsize=7, color="white")
    axes.set_yticks(range(len(rows)), [row.name for row in rows])
    axes.set_ylim(len(rows) - 0.45, -0.55)
    axes.set_xlabel(label)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=True, axis="x", alpha=0.3)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


@dataclass(frozen=True)
class Box:
    """A block of a diagram.

    Attributes:
        x, y: of its middle.
        title: what it is; the second line has numbers.
        numbers: what the design point says of it.
        colour: number of the colour of its edge.
        width, height: in the units of x and y.
    """

    x: float
    y: float
    title: str
    numbers: str = ""
    colour: int = 0
    width: float = 2.0
    height: float = 0.9


def draw_box(axes: Axes, box: Box) -> None:
    """A block with its name and its numbers."""
    from matplotlib.patches import FancyBboxPatch

    corner = box.x - box.width / 2, box.y - box.height / 2
    colour = COLOURS[box.colour]
    axes.add_patch(
        FancyBboxPatch(
            corner, box.width, box.height, boxstyle="round,pad=0,rounding_size=0.08", facecolor=colour + "18",
            edgecolor=colour, linewidth=1.2, zorder=2,
        )
    )  # fmt: skip
    lift = 0.17 if box.numbers else 0
    axes.text(box.x, box.y - lift, box.title, ha="center", va="center", fontsize=10.5, zorder=3)
    if box.numbers:
        axes.text(box.x, box.y + 0.2, box.numbers, ha="center", va="center", fontsize=8.6, color=EDGE, zorder=3)


def draw_arrow(axes: Axes, points: Sequence[tuple[float, float]], label: str = "", at: int = 0, above: bool = True):
    """A line through points with a head at its end; the label stands beside the segment number ``at``."""
    xs, ys = zip(*points, strict=True)
    axes.plot(xs[:-1] + (xs[-1],), ys, color=EDGE, linewidth=1.0, zorder=1)
    axes.annotate(
        "", xy=points[-1], xytext=points[-2], arrowprops={"arrowstyle": "-|>", "color": EDGE, "linewidth": 1.0}
    )
    if label:
        (x0, y0), (x1, y1) = points[at], points[at + 1]
        vertical = x0 == x1
        axes.text(
            (x0 + x1) / 2 + (0.07 if vertical else 0), (y0 + y1) / 2 + (0 if vertical else -0.07 if above else 0.07),
            label, fontsize=8.6, color=EDGE, ha="left" if vertical else "center",
            va="center" if vertical else "bottom" if above else "top",
        )  # fmt: skip


def diagram(boxes: Sequence[Box], width: float, height: float) -> tuple[Figure, Axes]:
    """A figure with boxes; y goes down, an inch is a unit."""
    figure, axes = new_figure(width, height)
    axes.set_axis_off()
    axes.set_aspect("equal")
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    for box in boxes:
        draw_box(axes, box)
    return figure, axes


def write(figure: Figure, path: Path) -> None:
    """Write a figure as SVG; a file that stays the same is left alone."""
    text = io.StringIO()
    with matplotlib.rc_context(LOOK):
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    if not path.is_file() or path.read_text(encoding="utf-8") != text.getvalue():
        path.write_text(text.getvalue(), encoding="utf-8")
