"""Cycles of a crossbar accelerator, from the cycle model."""

from __future__ import annotations

import inspect
import re

from docs.pages.tables import table
from remora.spec.crossbar.cycles import Cycles
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import WINDOW_ROWS, Layer, layer_layout
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
        taken = [each for each in inspect.signature(function).parameters.values() if each.default is each.empty][1:]
        values = [_value(design, name, [each.name for each in taken]) for design in designs]
        shown = ", ".join(str(each).partition(":")[0] for each in taken)
        rows.append((f"`{name}({shown})`" if taken else f"`{name}`", *values, words))
    return table(("count", *(f"`{preset}`" for preset in presets), "meaning, and the states that it counts"), rows)


INFERENCE = ("step", "readout", "sequence")
"""Counts that bistable cells have too."""


def _value(design: DesignPoint, name: str, taken: list[str]) -> int | str:
    if design.capabilities.bistable and name not in INFERENCE:
        return "–"
    examples = {
        "steps": design.network.max_steps,
        "attempts": 1,
        "layer": Layer.HIDDEN,
        "tile": layer_layout(design, Layer.HIDDEN).tiles[0],
        "tiles": (),
        "rows": min(WINDOW_ROWS, design.crossbar.rows, design.hidden_rows),
        "pulses": 0,
        "planes": design.formats.stream_bits,
    }
    member = getattr(design.cycles, name)
    return member(*(examples[each] for each in taken)) if callable(member) else member
