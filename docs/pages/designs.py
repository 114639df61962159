"""Design points whose registers and records the site shows: between them they have everything that can be built."""

from __future__ import annotations

from remora.spec.lib.section import Design
from remora.spec.presets import load_design

LEARNING = {"enabled": True, "winners": 30, "replay_capacity": 1000, "healing": True}


def documented(name: str) -> Design:
    """``learning`` is `mnist` with learning, winners, replay and healing; ``bistable`` is `mnist-bmru`; ``bmru`` is
    `kws`.

    Raises:
        KeyError: there is no such name.
    """
    preset = {"learning": "mnist", "bistable": "mnist-bmru", "bmru": "kws"}[name]
    design = load_design(preset, Design)
    if name != "learning":
        return design
    content = design.model_dump()
    return type(design).model_validate(content | {"learning": content["learning"] | LEARNING})
