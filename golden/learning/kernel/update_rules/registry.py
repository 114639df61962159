"""The rules of an update that are compiled, by ``learning.update`` of the design point."""

from __future__ import annotations

from pathlib import Path

from remora.spec.lib.errors import RemoraError
from remora.spec.lib.plugins import with_plugins

GROUP = "remora.update_rules.kernel"
"""Entry points of rules of other packages; each object is the path of a header."""
HEADERS: dict[str, Path] = {name: Path(__file__).with_name(f"{name}.h") for name in ("accumulate", "direct")}
"""A header has a function template of the rule's name, a ``WriteRow`` of ``network.h``."""


def rule_headers() -> dict[str, Path]:
    """The header of every rule by name, the bundled ones first.

    Raises:
        RemoraError: as `remora.spec.lib.plugins.with_plugins`.
    """
    return with_plugins(GROUP, HEADERS)


def rule_definition() -> str:
    """``UPDATE_RULES`` of the source: the functions of all rules."""
    return ",".join(f"{name}<T>" for name in rule_headers())


def rule_index(name: str) -> int:
    """Place of a rule among them.

    Raises:
        RemoraError: it has no header.
    """
    names = list(rule_headers())
    if name not in names:
        raise RemoraError(f'learning.update = "{name}" is not compiled: register a header in {GROUP}, or use numpy')
    return names.index(name)
