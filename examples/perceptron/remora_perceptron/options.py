"""Options that perceptrons have of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from remora.flow.systems.options import SimulateOptions

VECTORS = 100


@dataclass(frozen=True, kw_only=True)
class PerceptronSimulateOptions(SimulateOptions):
    """A perceptron answers random vectors: every score and every decision must agree."""

    limit: Annotated[int | None, typer.Option(min=1, help=f"vectors; {VECTORS} where not given.")] = None
    largest: Annotated[int, typer.Option(min=0, max=255, help="Largest value of an input.")] = 255
