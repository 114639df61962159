"""Figures of the site: drawn when the site is built, from the design point, the components and the cycle model."""

from __future__ import annotations

from pathlib import Path

from docs.pages.figures import architecture, learning, step
from docs.pages.figures.drawing import write

FIGURES = {
    "architecture": lambda: architecture.crossbar("mnist"),
    "architecture-bistable": lambda: architecture.crossbar("mnist-bmru"),
    "architecture-bmru": lambda: architecture.bmru("kws"),
    "step-miru": lambda: step.draw("mnist"),
    "step-bistable": lambda: step.draw("mnist-bmru"),
    "learning-walk": lambda: learning.draw("mnist"),
}
"""Stem of the file → what draws it."""


def write_figures(folder: Path) -> None:
    """Draw every figure into a folder as SVG; the same sources give the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    for stem, make in FIGURES.items():
        write(make(), folder / f"{stem}.svg")
