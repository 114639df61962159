"""What stands below the members of an enumeration, for documents and headers."""

from __future__ import annotations

import ast
import inspect


def member_docstrings(kind: type) -> dict[str, str]:
    """Name → the string that stands below the assignment, of every member of a class that has one."""
    (body,) = [node for node in ast.parse(inspect.getsource(kind).strip()).body if isinstance(node, ast.ClassDef)]
    found = {}
    for assigned, below in zip(body.body, body.body[1:], strict=False):
        match assigned, below:
            case ast.Assign(targets=[ast.Name(id=name)]), ast.Expr(value=ast.Constant(value=text)):
                found[name] = str(text)
    return found
