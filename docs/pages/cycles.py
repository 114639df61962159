"""Cycles of a crossbar accelerator, from the cycle model."""

from __future__ import annotations

import inspect
import re

from docs.pages.tables import table
from remora.spec.crossbar.cycles import Cycles
from remora.spec.crossbar.design import DesignPoint
from remora.spec.presets import load_design


def cycles(*presets: str) -> str:
    """A table of every count of the model with its equation in words, for presets and their longest sequences."""
    designs: list[DesignPoint] = [load_design(preset, DesignPoint) for preset in presets]
    rows = []
    for name, member in vars(Cycles).items():
        if name.startswith("_") or not (isinstance(member, property) or inspect.isfunction(member)):
            continue
        function = member.fget if isinstance(member, property) else member
        words = re.split(r"\n\s*Args:", inspect.getdoc(function) or "")[0]
        takes_steps = "steps" in inspect.signature(function).parameters
        values = [_value(design, name, takes_steps) for design in designs]
        rows.append((f"`{name}{'(steps)' if takes_steps else ''}`", *values, words))
    return table(("count", *(f"`{preset}`" for preset in presets), "meaning, and the states that it counts"), rows)


INFERENCE = ("step", "readout", "sequence")
"""Counts that bistable cells have too."""


def _value(design: DesignPoint, name: str, takes_steps: bool) -> int | str:
    if design.capabilities.bistable and name not in INFERENCE:
        return "–"
    member = getattr(design.cycles, name)
    if takes_steps:
        return member(design.network.max_steps)
    return member() if callable(member) else member
