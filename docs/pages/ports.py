# amaranth: UnusedElaboratable=no
"""Ports of a component, from its signature, and what the docstrings say about them."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from inspect import cleandoc

from amaranth.hdl import Shape
from amaranth.lib import wiring

from docs.pages.tables import table
from remora.spec.lib.section import Design
from remora.spec.presets import load_design

_SECTION = re.compile(r"^Ports:\n((?:    .*\n|\n)+)", re.MULTILINE)
_ENTRY = re.compile(r"^    ([\w<>]+): (.+(?:\n     .+)*)", re.MULTILINE)


def port_lines(owner: type) -> dict[str, str]:
    """What the docstrings of a component's or a signature's class say of its members, by name.

    The section ``Ports`` of a docstring has an entry for each member; ``<word>`` in a name stands for any word. Members
    of base classes are described there.
    """
    lines: dict[str, str] = {}
    for base in reversed(owner.__mro__):
        section = _SECTION.search(cleandoc(base.__dict__.get("__doc__") or "") + "\n")
        lines |= {name: " ".join(text.split()) for name, text in _ENTRY.findall(section[1] if section else "")}
    return lines


def entry_of(lines: dict[str, str], name: str) -> str | None:
    """The entry that describes the member ``name``; None where none does."""
    if name in lines:
        return name
    patterns = (entry for entry in lines if "<" in entry)
    return next((entry for entry in patterns if re.fullmatch(re.sub(r"<\w+>", r"\\w+", entry), name)), None)


def members_of(owner: object) -> Iterator[tuple[type, tuple[str, ...], wiring.Member]]:
    """Every member of a component or signature and of the signatures in it: class that has it, path, member."""
    signature = owner if isinstance(owner, wiring.Signature) else owner.signature
    for name, member in signature.members.items():
        yield type(owner), (name,), member
        if member.is_signature:
            inner = member.signature
            inner = inner.flip() if isinstance(inner, wiring.FlippedSignature) else inner
            for holder, path, each in members_of(inner):
                yield holder, (name, *path), each


def ports(path: str, preset: str) -> str:
    """A table of the ports of a component, ``package.module.Class``, made for a preset: name, direction, width and
    what its docstring says."""
    module, _, name = path.rpartition(".")
    component = getattr(importlib.import_module(module), name)(load_design(preset, Design))
    said = {}
    for holder, parts, _ in members_of(component):
        lines = port_lines(holder)
        said[parts] = lines[entry_of(lines, parts[-1]) or ""]
    rows = []
    for parts, member, _ in component.signature.flatten(component):
        shape = Shape.cast(member.shape)
        width = f"{shape.width}, signed" if shape.signed else shape.width
        text = re.sub(r"``(.+?)``", r"`\1`", said[parts])
        rows.append((f"`{'.'.join(map(str, parts))}`", str(member.flow).lower(), width, text))
    return table(("port", "direction", "width", "meaning"), rows)
