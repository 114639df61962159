"""Files of defects that are put into a chip."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from remora.golden.devices.defects import Injected
from remora.spec.crossbar.layout import Layer
from remora.spec.crossbar.self_test.plan import Defect, Finding
from remora.spec.lib.errors import ConfigError, MissingError
from remora.spec.lib.validation import guess

CLASSES = {defect.name.lower().replace("_", "-"): defect for defect in Defect}
LAYERS = {layer.name.lower(): layer for layer in Layer}
SIDES = {"positive": 0, "negative": 1}
VALUED = (Defect.OFFSET, Defect.DEAD_CONVERTER, Defect.PLANE, Defect.GAIN)
"""Classes of which a file must state a value."""


def read_defects(path: Path) -> list[Injected]:
    """The defects of a file, TOML or JSON: a table ``defect`` each.

    Raises:
        MissingError: there is no such file. ConfigError: it does not describe defects; the message says where and why.
    """
    if not path.is_file():
        raise MissingError(f"{path} is no file: give defects as TOML, a table [[defect]] each, or as JSON")
    try:
        text = path.read_text(encoding="utf-8-sig")
        content = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is not valid {'JSON' if path.suffix == '.json' else 'TOML'}: {error}") from error
    tables = content.get("defect") if isinstance(content, Mapping) else None
    if not isinstance(tables, list) or not tables or set(content) != {"defect"}:
        raise ConfigError(f"{path}: expected tables 'defect' and nothing else, at least one")
    return [_defect(table, f"{path}, defect {number}") for number, table in enumerate(tables, 1)]


def _defect(table: Any, where: str) -> Injected:
    if not isinstance(table, Mapping):
        raise ConfigError(f"{where}: expected a table with class, layer and column")
    if missing := [name for name in ("class", "layer", "column") if name not in table]:
        raise ConfigError(f"{where}: {', '.join(missing)} is missing")
    if unknown := sorted(set(table) - {"class", "layer", "side", "row", "column", "value"}):
        raise ConfigError(f"{where}: '{unknown[0]}' is unknown: there are class, layer, side, row, column, value")
    defect = _named(CLASSES, table["class"], f"{where}: class")
    layer = _named(LAYERS, table["layer"], f"{where}: layer")
    side = _named(SIDES, table.get("side", "positive"), f"{where}: side")
    if defect is not Defect.STUCK and "side" in table:
        raise ConfigError(f"{where}: a column has no side; leave it out")
    if defect is Defect.STUCK and "row" not in table:
        raise ConfigError(f"{where}: row is missing")
    if defect in VALUED and "value" not in table:
        raise ConfigError(f"{where}: value is missing, the code of its converter, or the error of a plane or gain")
    row, column = (_whole(table.get(name, 0), f"{where}: {name}") for name in ("row", "column"))
    value = table.get("value", 0)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= 1 << 15:
        raise ConfigError(f"{where}: value is {value!r}; it must be a number of at most {1 << 15}")
    return Injected(Finding(defect, layer, side, row, column), float(value))


def _named(legal: Mapping[str, Any], word: object, where: str) -> Any:
    if word not in legal if isinstance(word, str) else True:
        hint = guess(word, legal) if isinstance(word, str) else ""
        raise ConfigError(f"{where} is {word!r}: there are {', '.join(legal)}{hint}")
    return legal[str(word)]


def _whole(value: object, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ConfigError(f"{where} is {value!r}; it must be a whole number, 0 or more")
    return value
