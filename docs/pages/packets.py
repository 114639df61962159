"""Flags, causes and other numbered words, from the docstrings of their enumerations."""

from __future__ import annotations

import importlib
import inspect
from enum import Enum

from docs.pages.tables import table
from remora.flow.generate.software.enumerations import member_docstrings


def module_text(name: str) -> str:
    """The docstring of a module."""
    return inspect.getdoc(importlib.import_module(name)) or ""


def enumeration(path: str) -> str:
    """A table of an enumeration's members, ``package.module.Class``: name, value, and the string below it."""
    module, _, name = path.rpartition(".")
    kind: type[Enum] = getattr(importlib.import_module(module), name)
    words = member_docstrings(kind)
    rows = [(f"`{member.name}`", f"`{member.value}`", words.get(member.name, "")) for member in kind]
    if any(words.values()):
        return table(("name", "value", "meaning"), rows)
    return table(("name", "value"), [row[:2] for row in rows])
