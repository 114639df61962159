"""The walk of an update over the columns, from the cycle counts of the learning engine."""

from __future__ import annotations

from matplotlib.figure import Figure

from docs.pages.figures.drawing import Bar, Row, draw_rows, new_figure
from remora.flow.systems.crossbar.run import feedback_cycles
from remora.spec.crossbar.design import DesignPoint
from remora.spec.presets import load_design

SHOWN = 3
"""Columns of each layer that are drawn; the others follow alike."""
GAP = 18
"""Cycles of the axis that stand for the columns left out."""


def rows(design: DesignPoint) -> tuple[list[Row], int]:
    """Rows of the figure for sequences of full length, and the cycle at which the readout's columns begin in it."""
    classes, steps = design.network.classes, design.network.max_steps
    hidden_fold, readout_fold, feedback = steps + 5, 3, max(classes + 2, 15)
    pulses = design.learning.max_pulses * (design.crossbar.pulse_cycles + 1)
    start = feedback_cycles(design)
    errors = Row("errors", [Bar(0, classes, "e", 0)])
    unit = [Bar(classes, start - classes, "f 0", 1)]
    walk, writes = [], []
    at = start
    for column in range(SHOWN):
        walk.append(Bar(at, hidden_fold, f"hidden {column}", 2))
        unit.append(Bar(at, feedback, f"f {column + 1}", 1))
        at += hidden_fold
        writes.append(Bar(at, pulses, "pulses", 3))
    at += GAP
    readout = at
    for column in range(SHOWN):
        # The pulses of the column before end first, and they take longer than a fetch and a product.
        cycles = max(readout_fold, pulses) if column else readout_fold
        walk.append(Bar(at, cycles, f"{column}" if column else "", 4))
        at += cycles
        writes.append(Bar(at, pulses, "pulses", 3))
    return [errors, Row("feedback unit", unit), Row("column walk", walk), Row("write controller", writes)], readout


def draw(preset: str) -> Figure:
    """The figure of a preset whose layers learn."""
    design = load_design(preset)
    shown, readout = rows(design)
    figure, axes = new_figure(8.6, 2.2)
    draw_rows(axes, shown, "clock cycle from the start of the update")
    axes.axvspan(readout - GAP, readout, color="white", zorder=3)
    axes.text(readout - GAP / 2, 1.5, "…", ha="center", va="center", fontsize=14, zorder=4)
    axes.text(
        readout - GAP, 0.9, f"{design.network.hidden - SHOWN} more hidden columns,\nthen {design.network.classes} "
        "columns of the readout", fontsize=7, va="bottom", zorder=4,
    )  # fmt: skip
    return figure
