"""The rules of an update that are compiled, by ``learning.update`` of the design point."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from remora.spec.lib.errors import RemoraError
from remora.spec.lib.plugins import with_plugins

GROUP = "remora.update_rules.kernel"
"""Entry points of rules of other packages; each object is the path of a header."""
HEADERS: dict[str, Path] = {name: Path(__file__).with_name(f"{name}.h") for name in ("accumulate", "direct")}
"""Of the bundled ones; a header has a function template of the rule's name, a ``WriteRow`` of ``network.h``."""


def rule_headers(own: str | None = None) -> dict[str, Path]:
    """The headers of a library by rule: the bundled ones, then that of one more rule.

    A library has no other, so that the package of one rule does not matter to who learns by another.

    Raises:
        RemoraError: a package has not registered that, what it registers is no path, or as
            `remora.spec.lib.plugins.with_plugins`.
    """
    if own is None or own in HEADERS:
        return dict(HEADERS)
    found = with_plugins(GROUP, HEADERS)
    if own not in found:
        raise RemoraError(f'learning.update = "{own}" is not compiled: register a header in {GROUP}, or use numpy')
    if not isinstance(found[own], (str, Path)):
        raise RemoraError(f"'{own}' in {GROUP} is {found[own]!r}: it must be the path of a header")
    return HEADERS | {own: Path(found[own])}


def rule_definition(rules: Iterable[str]) -> str:
    """``UPDATE_RULES`` of the source: the functions of these rules."""
    return ",".join(f"{name}<T>" for name in rules)


def rule_index(name: str, own: str | None = None) -> int:
    """Place of a rule among those of a library with one more than the bundled ones.

    Raises:
        RemoraError: the library has no such rule.
    """
    names = [*HEADERS] if own is None else [*HEADERS, own]
    if name not in names:
        raise RemoraError(f'learning.update = "{name}" is not in this library: compile one for it')
    return names.index(name)
