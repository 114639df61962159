"""Flags, causes and other numbered words, from the docstrings of their enumerations."""

from __future__ import annotations

import ast
import importlib
import inspect
from enum import Enum

from docs.pages.tables import table


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


def member_docstrings(kind: type) -> dict[str, str]:
    """Name → the string that stands below the assignment, of every member of a class that has one."""
    (body,) = [node for node in ast.parse(inspect.getsource(kind).strip()).body if isinstance(node, ast.ClassDef)]
    found = {}
    for assigned, below in zip(body.body, body.body[1:], strict=False):
        named = isinstance(assigned, ast.Assign) and isinstance(assigned.targets[0], ast.Name)
        if named and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            found[assigned.targets[0].id] = str(below.value.value)
    return found
