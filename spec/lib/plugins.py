"""What other packages add to a registry, found by entry point."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.metadata import EntryPoint, distributions, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from remora.spec.lib.errors import RemoraError

Plugin = TypeVar("Plugin")
PROGRAM = "remora"
"""Package whose registries are added to; the names of their groups begin with it."""


def with_plugins(
    group: str,
    bundled: Mapping[str, Plugin],
    fault: Callable[[str, Plugin, Mapping[str, Plugin]], str | None] | None = None,
) -> dict[str, Plugin]:
    """The bundled members of a registry by name, then those that other packages register, in the order of their names.

    Args:
        group: of the entry points; the name of each is that of the member, its object the member.
        fault: what is wrong with a member of a package, given its name, itself and those before it; None where nothing.

    Raises:
        RemoraError: one cannot be loaded, two have one name, or one has a fault.
    """
    found = dict(bundled)
    for name, package, member in _installed(group):
        if name in found:
            raise RemoraError(f"package {package} registers '{name}' in {group}, where it is already: remove one")
        if wrong := fault and fault(name, member, found):
            raise RemoraError(
                f"package {package} registers '{name}' in {group}, {wrong}; mend the package, or remove it"
            )
        found[name] = member
    return found


def plugin_names(group: str, bundled: Iterable[str]) -> list[str]:
    """The names of these members; nothing is loaded, so that a member may import whoever asks."""
    return [*bundled, *(point.name for point in _points(group))]


def plugin_sources() -> dict[str, list[Path]]:
    """Where the sources are of every package but Remora that has an entry point of Remora: name of the package in
    Python → its folders, or its file; empty where it is not found.

    That are the packages of the entry points, and those that their distributions install beside them. Nothing is
    loaded.
    """
    names: set[str] = set()
    for distribution in distributions():
        points = [point for point in distribution.entry_points if point.group.startswith(f"{PROGRAM}.")]
        if points:
            beside = distribution.read_text("top_level.txt") or ""
            names |= {*(point.module.partition(".")[0] for point in points), *beside.split()}
    return {name: _sources(name) for name in sorted(names - {PROGRAM})}


def _sources(name: str) -> list[Path]:
    try:
        found = find_spec(name)
    except (ImportError, ValueError):
        found = None
    if not found:
        return []
    folders = found.submodule_search_locations
    return [Path(path) for path in folders or (found.origin and [found.origin]) or ()]


@cache
def _installed(group: str) -> tuple[tuple[str, str, Any], ...]:
    """Name, package and object of each entry point."""
    return tuple((point.name, _package(point), _load(point, group)) for point in _points(group))


@cache
def _points(group: str) -> tuple[EntryPoint, ...]:
    return tuple(sorted(entry_points(group=group), key=lambda point: point.name))


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist else "of no name"


def _load(point: EntryPoint, group: str) -> Any:
    try:
        return point.load()
    except Exception as error:
        raise RemoraError(
            f"'{point.name}' of package {_package(point)} ({group}) cannot be loaded: {type(error).__name__}: {error}; "
            "mend the package, or remove it"
        ) from error
