"""Presets of devices: published ones, every number with its source in the file."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

IDEAL = "ideal"
"""The model of devices that do not err."""
PRESET_LEVELS = 32
"""``crossbar.levels`` for which presets state their steps."""
FOLDER = Path(__file__).parent / "presets"


def preset_names() -> list[str]:
    """Names of the presets, sorted; `IDEAL` is none of them."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def preset_text(name: str) -> str:
    """A preset's file, with the source of each number."""
    return (FOLDER / f"{name}.toml").read_text(encoding="utf-8")


def preset_description(name: str) -> str:
    """What a preset is: the first comment of its file."""
    return preset_text(name).partition("\n")[0].removeprefix("#").strip()


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
