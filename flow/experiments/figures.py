"""Figures in one style, drawn to files without a display."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure


def figure(titles: list[str], width: float = 5.0, height: float = 3.6) -> tuple[Figure, list[Axes]]:
    """A figure with one row of axes, one for each title."""
    # `Figure` itself, not pyplot: no display, no global state.
    made = Figure(figsize=(width * len(titles), height), layout="constrained")
    axes = [made.add_subplot(1, len(titles), place) for place in range(1, len(titles) + 1)]
    for one, title in zip(axes, titles, strict=True):
        one.set_title(title, fontsize=10)
        one.grid(alpha=0.3)
    return made, axes
