"""Files that say what spare columns stand in for; that of ``remora selftest --json`` is one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer
from remora.spec.crossbar.spares.spare_map import Replacement, SpareMap
from remora.spec.lib.errors import ConfigError, MissingError

REPAIRS = "repairs"
"""Key of the list; a file may hold more beside it."""
FIELDS = ("layer", "tile", "spare", "column")
LAYERS = {layer.name.lower(): layer for layer in Layer}


def read_spares(path: Path, design: DesignPoint) -> SpareMap:
    """The map of a JSON file.

    Raises:
        MissingError: there is no such file. ConfigError: it describes no map of this design point; the message says
            where and why.
    """
    if not design.capabilities.spares:
        raise ConfigError(f"{path}: crossbar.spare_columns is 0, so no column can stand in for another")
    if not path.is_file():
        raise MissingError(f"{path} is no file: give a map as JSON, as `remora selftest --json` writes it")
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is not valid JSON: {error}") from error
    tables = content.get(REPAIRS) if isinstance(content, Mapping) else None
    if not isinstance(tables, list):
        raise ConfigError(f"{path}: expected a list '{REPAIRS}' of tables with {', '.join(FIELDS)}")
    try:
        return SpareMap.of(design, [_replacement(each, f"{REPAIRS} {number}") for number, each in enumerate(tables, 1)])
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def listed(design: DesignPoint, spares: SpareMap) -> list[dict[str, str | int]]:
    """A map as a file holds it."""
    return [
        {"layer": each.layer.name.lower(), "tile": each.tile, "spare": each.spare, "column": each.column}
        for each in spares.replacements(design)
    ]


def _replacement(table: Any, where: str) -> Replacement:
    if not isinstance(table, Mapping) or set(table) != set(FIELDS):
        raise ConfigError(f"{where}: expected a table with {', '.join(FIELDS)}")
    if table["layer"] not in LAYERS:
        raise ConfigError(f"{where}: layer is {table['layer']!r}: there are {', '.join(LAYERS)}")
    for name in FIELDS[1:]:
        if type(table[name]) is not int or table[name] < 0:
            raise ConfigError(f"{where}: {name} is {table[name]!r}; it must be a whole number, 0 or more")
    return Replacement(LAYERS[table["layer"]], table["tile"], table["spare"], table["column"])
