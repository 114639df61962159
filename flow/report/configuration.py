"""A design point as a person reads and writes it: fields with their ranges, derived quantities, TOML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from inspect import getdoc
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import tomli_w
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from remora.spec.lib.one_of import OneOf
from remora.spec.lib.section import Derived, Design, Section

_BOUNDS = {"ge": "≥ {}", "gt": "> {}", "le": "≤ {}", "lt": "< {}"}


@dataclass(frozen=True)
class FieldDescription:
    """One field: dotted path, value, default (None where there is none), what is legal in words, and its meaning."""

    path: str
    value: Any
    default: Any
    legal: str
    meaning: str


def describe_fields(design: Section) -> list[FieldDescription]:
    """Every field of a design point or of a section, in the order of its definition."""
    return list(_walk(design, ""))


def _walk(section: Section, prefix: str) -> Iterator[FieldDescription]:
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, Section):
            yield from _walk(value, f"{prefix}{name}.")
        else:
            default = None if field.default is PydanticUndefined else field.default
            yield FieldDescription(f"{prefix}{name}", value, default, legal_values(field), field.description or "")


def legal_values(field: FieldInfo) -> str:
    """What a field may hold, in words: its range, its choices, or its pattern."""
    if registries := [item for item in field.metadata if isinstance(item, OneOf)]:
        return ", ".join(registries[0].names())
    if get_origin(field.annotation) is Literal:
        return ", ".join(str(choice) for choice in get_args(field.annotation))
    if get_origin(field.annotation) in (Union, UnionType):
        choices = [choice for choice in get_args(field.annotation) if choice is not NoneType]
        return " or ".join(legal_values(FieldInfo.from_annotation(choice)) for choice in choices)
    if get_origin(field.annotation) is tuple:
        return f"a list, each {legal_values(FieldInfo.from_annotation(get_args(field.annotation)[0]))}"
    if field.annotation is bool:
        return "true, false"
    bounds = {
        name: getattr(item, name)
        for item in field.metadata
        for name in _BOUNDS
        if getattr(item, name, None) is not None
    }
    if bounds.keys() == {"ge", "le"}:
        return f"{bounds['ge']} … {bounds['le']}"
    patterns = [item.pattern for item in field.metadata if getattr(item, "pattern", None)]
    return ", ".join([text.format(bounds[name]) for name, text in _BOUNDS.items() if name in bounds] + patterns)


def derived_quantities(design: Design) -> list[tuple[str, Any, str]]:
    """Dotted path, value and meaning of all that follows from a design point's fields: properties of its sections and
    of itself, and what its capabilities are. The meaning is the first sentence of the property's docstring."""
    return list(_follows(design, ""))


def _follows(part: Any, prefix: str) -> Iterator[tuple[str, Any, str]]:
    for name in type(part).model_fields if isinstance(part, Section) else ():
        if isinstance(section := getattr(part, name), Section):
            yield from _follows(section, f"{prefix}{name}.")
    kinds = [kind for kind in type(part).__mro__ if kind.__module__.split(".")[0] not in ("pydantic", "builtins")]
    for name, member in [item for kind in kinds for item in vars(kind).items()]:
        if not isinstance(member, property | cached_property) or name[0] == "_":
            continue
        value = getattr(part, name)
        if isinstance(value, Section | Derived):
            for field in describe_fields(value) if isinstance(value, Section) else ():
                yield f"{prefix}{name}.{field.path}", field.value, field.meaning
            yield from _follows(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value, _first_sentence(getdoc(member) or "")


def _first_sentence(text: str) -> str:
    paragraph = " ".join(text.split("\n\n")[0].split()).replace("``", "")
    return re.split(r"(?<=[.;]) ", paragraph, maxsplit=1)[0].rstrip(".;")


def to_toml(design: Design) -> str:
    """The whole design point as TOML, which reads back to the same."""
    return tomli_w.dumps(design.model_dump(mode="json", exclude_none=True))


def to_commented_toml(design: Design, name: str) -> str:
    """The whole design point as TOML under another name, with the range and meaning of each field as comments.

    Raises:
        ConfigError: ``name`` is no legal name of a design point.
    """
    renamed = design.evolve(origin="the new design point", name=name)
    lines = [
        f"# Design point '{name}', started from '{design.name}'. Fields that are left out keep their defaults.",
        "",
    ]
    section = ""
    for field in describe_fields(renamed):
        prefix, _, key = field.path.rpartition(".")
        if prefix != section:
            section = prefix
            lines += ["", f"[{section}]"]
        default = "" if field.default is None else f"; default {_toml_value(field.default)}"
        # A field that may be left out has no value to write.
        given = f"{key} = {_toml_value(field.value)}" if field.value is not None else f"# {key} ="
        lines += [f"# {field.meaning} ({field.legal}{default})", given]
    return "\n".join(lines) + "\n"


def _toml_value(value: Any) -> str:
    return tomli_w.dumps({"value": value}).removeprefix("value = ").strip()
