"""Validation of a design point, and its errors in words: field, value, legal values, and a guess at misspelt words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from remora.spec.lib.errors import ConfigError

Model = TypeVar("Model", bound=BaseModel)


def validated(kind: type[Model], content: Mapping[str, Any], origin: str) -> Model:
    """A design point of a kind, of its fields as nested tables.

    Args:
        origin: names the source in the error.

    Raises:
        ConfigError: what is wrong with each field, in one line.
    """
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise ConfigError(f"{origin}: " + "; ".join(_describe(item, kind) for item in error.errors())) from error


def merged(content: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Nested tables with other values; a table changes the fields that it names and leaves the others."""
    found = dict(content)
    for name, value in changes.items():
        both = isinstance(value, Mapping) and isinstance(found.get(name), Mapping)
        found[name] = merged(found[name], value) if both else value
    return found


def guess(written: str, legal: Iterable[str]) -> str:
    """What a misspelt word could mean, as the end of a sentence; empty where nothing is like it."""
    near = get_close_matches(written, list(legal), n=1, cutoff=0.6)
    return f"; did you mean '{near[0]}'?" if near else ""


def _guess_field(location: tuple, kind: type[BaseModel], section: type[BaseModel]) -> str:
    """What a misspelt field could mean: one of its section, or one of that very name in another section."""
    key = str(location[-1])
    if near := guess(key, section.model_fields):
        return near
    for name, field in kind.model_fields.items():
        if key in getattr(field.annotation, "model_fields", {}):
            return f"; did you mean '{name}.{key}'?"
    return ""


def _describe(item: Mapping[str, Any], kind: type[BaseModel]) -> str:
    field = ".".join(str(part) for part in item["loc"])
    message = item["msg"].removeprefix("Value error, ")
    if not field:
        return message
    if item["type"] == "model_type":
        return f"{field} = {item['input']!r}: give a table [{field}] with its fields"
    if item["type"] == "extra_forbidden":
        section: Any = kind
        for part in item["loc"][:-1]:
            section = section.model_fields[part].annotation
        hint = _guess_field(item["loc"], kind, section)
        return f"{field} is not a field; legal here: {', '.join(section.model_fields)}{hint}"
    if item["type"] == "literal_error" and isinstance(item["input"], str):
        message += guess(item["input"], re.findall(r"'([^']+)'", message))
    return f"{field} = {item['input']!r}: {message[0].lower() + message[1:]}"
