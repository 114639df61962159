"""The walk of an update over the columns, from the cycle model of the learning engine."""

from __future__ import annotations

from matplotlib.figure import Figure

from docs.pages.figures.drawing import Bar, Row, draw_rows, new_figure
from remora.spec.crossbar.design import DesignPoint
from remora.spec.presets import load_design

SHOWN = 3
"""Columns of each layer that are drawn; the others follow alike."""
GAP = 18
"""Cycles of the axis that stand for the columns left out."""


def rows(design: DesignPoint) -> tuple[list[Row], int]:
    """Rows of the figure for sequences of full length, and the cycle at which the readout's columns begin in it.

    Every column gets as many pulses as one can get.
    """
    cycles, steps = design.cycles, design.network.max_steps
    errors = Row("errors", [Bar(0, cycles.errors, "e", 0)])
    unit = [Bar(cycles.errors, cycles.preparation - cycles.errors, "f 0", 1)]
    walk, writes = [], []
    at = cycles.preparation
    for column in range(SHOWN):
        length = max(cycles.fold(steps), cycles.next_feedback())
        walk.append(Bar(at, length, f"hidden {column}", 2))
        unit.append(Bar(at, cycles.next_feedback(), f"f {column + 1}", 1))
        at += length
        writes.append(Bar(at, cycles.most_writing, "pulses", 3))
    at += GAP
    readout = at
    for column in range(SHOWN):
        # The pulses of the column before end first, and they take longer than a fetch and a product.
        length = max(cycles.readout_fold, cycles.most_writing) if column else cycles.readout_fold
        walk.append(Bar(at, length, f"{column}" if column else "", 4))
        at += length
        writes.append(Bar(at, cycles.most_writing, "pulses", 3))
    return [errors, Row("feedback unit", unit), Row("column walk", walk), Row("write controller", writes)], readout


def draw(preset: str) -> Figure:
    """The figure of a preset whose layers learn."""
    design = load_design(preset, DesignPoint)
    shown, readout = rows(design)
    figure, axes = new_figure(8.6, 2.2)
    draw_rows(axes, shown, "clock cycle from the start of the update")
    axes.axvspan(readout - GAP, readout, color="white", zorder=3)
    axes.text(readout - GAP / 2, 1.5, "…", ha="center", va="center", fontsize=14, zorder=4)
    hidden, classes = design.network.hidden, design.network.classes
    words = f"{hidden - SHOWN} more hidden columns,\nthen {classes} columns of the readout"
    axes.text(readout - GAP, 0.9, words, fontsize=7, va="bottom", zorder=4)
    return figure
