"""Presets of devices: published ones, every number with its source in the file."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

IDEAL = "ideal"
"""The model of devices that do not err."""
FOLDER = Path(__file__).parent / "presets"


def preset_names() -> list[str]:
    """Names of the presets, sorted; `IDEAL` is none of them."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


@cache
def preset_content(name: str) -> dict[str, Any]:
    """Fields of a preset.

    Raises:
        KeyError: there is no such preset.
    """
    path = FOLDER / f"{name}.toml"
    if not path.is_file():
        raise KeyError(name)
    return tomllib.loads(path.read_text(encoding="utf-8"))
