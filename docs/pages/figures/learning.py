"""The walk of an update over the columns, from the cycle model of the learning engine."""

from __future__ import annotations

from matplotlib.figure import Figure

from docs.pages.figures.drawing import Bar, Row, draw_rows, new_figure
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.update_cycles import HANDED_ON, ROUNDED, SUMMED
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
    walk, rounds, writes = [], [], []
    at = cycles.preparation
    for column in range(SHOWN):
        length = max(cycles.group(steps), cycles.rounding)
        walk.append(Bar(at + 1, length - 1, f"hidden {column}", 2))
        unit.append(Bar(at + HANDED_ON, cycles.next_feedback(), f"f {column + 1}", 1))
        at += length
        rounds.append(Bar(at + SUMMED - 1, cycles.rounding, f"{column}", 4))
        writes.append(Bar(at + SUMMED + cycles.rounding + ROUNDED, cycles.most_writing, "pulses", 3))
    at += GAP
    readout = at
    for column in range(SHOWN):
        length = max(cycles.rounding, cycles.most_writing)
        walk.append(Bar(at + 1, 1, "", 2))
        rounds.append(Bar(at + SUMMED, cycles.rounding, f"{column}", 4))
        writes.append(Bar(at + SUMMED + cycles.rounding + ROUNDED, cycles.most_writing, "pulses", 3))
        at += length
    walks = [Row("gradient walk", walk), Row("update walk", rounds)]
    return [errors, Row("feedback unit", unit), *walks, Row("write controller", writes)], readout


def draw(preset: str) -> Figure:
    """The figure of a preset whose layers learn."""
    design = load_design(preset, DesignPoint)
    shown, readout = rows(design)
    figure, axes = new_figure(8.6, 2.6)
    draw_rows(axes, shown, "clock cycle from the start of the update")
    axes.axvspan(readout - GAP, readout, color="white", zorder=3)
    axes.text(readout - GAP / 2, 1.5, "…", ha="center", va="center", fontsize=14, zorder=4)
    hidden, classes = design.network.hidden, design.network.classes
    words = f"{hidden - SHOWN} more hidden columns,\nthen {classes} columns of the readout"
    axes.text(readout - GAP, 0.9, words, fontsize=7, va="bottom", zorder=4)
    return figure
