"""Ports of a module, read from its Verilog."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/|\(\*.*?\*\)", re.DOTALL)
_FUNCTION = re.compile(r"\bfunction\b.*?\bendfunction\b", re.DOTALL)
_DIRECTION = re.compile(r"\b(input|output|inout)\b")
_NAME = re.compile(r"([A-Za-z_]\w*)\s*(?:\[[^\]]*\]\s*)*$")


def input_names(module: str, sources: Sequence[Path]) -> list[str]:
    """Names of a module's inputs, in order; none where no source has the module.

    Args:
        sources: Verilog, with directions among the names of the ports or below them.
    """
    start = re.compile(rf"^\s*module\s+{re.escape(module)}\b", re.MULTILINE)
    for path in sources:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
        if match := start.search(text):
            return _inputs(_COMMENT.sub(" ", text[match.end() :].partition("\nendmodule")[0]))
    return []


def _inputs(text: str) -> list[str]:
    head, _, body = text.partition(");")
    names, inputs, direction = [], [], None
    for item in head.split(","):
        if found := _DIRECTION.findall(item):
            direction = found[-1]
        if name := _NAME.search(item):
            names.append(name[1])
            inputs += [name[1]] if direction == "input" else []
    if direction:
        return inputs
    # Functions have inputs too, perhaps of the same names.
    below = re.findall(r"^\s*input\b([^;]*);", _FUNCTION.sub(" ", body), re.MULTILINE)
    declared = {name[1] for line in below for part in line.split(",") if (name := _NAME.search(part))}
    return [name for name in names if name in declared]
