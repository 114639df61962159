"""The SystemRDL source of a design point in one file, whose parameters have the values of the design point."""

from __future__ import annotations

import re
from pathlib import Path

from remora.spec.lib.rdl import SHARED_FILE, parameters_of
from remora.spec.lib.section import Design

_INCLUDE = re.compile(r'^`include "([^"]+)"\n', re.MULTILINE)


def system_rdl(design: Design) -> str:
    """The register map with the values of a design point as the defaults of its parameters.

    Raises:
        ValueError: the source has no such parameter.
    """
    source = design.register_source()
    head, start, body = _whole(source.file).partition(f"addrmap {source.top} #(")
    parameters, end, rest = body.partition("\n) {")
    for name, value in parameters_of(design).items():
        parameters, count = re.subn(rf"\b{name} = [^,\n]+", f"{name} = {_literal(value)}", parameters)
        if count != 1:
            raise ValueError(f"{source.file}: addrmap {source.top} has no parameter {name}")
    identity = f"// Registers of design point {design.name}, hash {design.hash}.\n"
    return identity + SHARED_FILE.read_text(encoding="utf-8") + "\n" + head + start + parameters + end + rest


def _whole(file: Path) -> str:
    """A source with the files that it includes, and those that these include."""
    text = file.read_text(encoding="utf-8")
    parts = _INCLUDE.split(text)
    parts[1::2] = [_whole(file.parent / name) for name in parts[1::2]]
    return "".join(parts)


def _literal(value: int | str) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{value}"'
        case _:
            return str(value)
