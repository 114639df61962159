# amaranth: UnusedElaboratable=no
"""Ports of a component, from its signature."""

from __future__ import annotations

import importlib

from amaranth.hdl import Shape

from docs.pages.tables import table
from remora.spec.lib.section import Design
from remora.spec.presets import load_design


def ports(path: str, preset: str) -> str:
    """A table of the ports of a component, ``package.module.Class``, made for a preset: name, direction and width."""
    module, _, name = path.rpartition(".")
    component = getattr(importlib.import_module(module), name)(load_design(preset, Design))
    rows = []
    for parts, member, _ in component.signature.flatten(component):
        shape = Shape.cast(member.shape)
        width = f"{shape.width}, signed" if shape.signed else shape.width
        rows.append((f"`{'.'.join(map(str, parts))}`", str(member.flow).lower(), width))
    return table(("port", "direction", "width"), rows)
