"""What other packages add to a registry, found by entry point."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeVar

from remora.spec.lib.errors import RemoraError

Plugin = TypeVar("Plugin")


def with_plugins(group: str, bundled: Mapping[str, Plugin]) -> dict[str, Plugin]:
    """The bundled members of a registry by name, then those that other packages register, in the order of their names.

    Args:
        group: of the entry points; the name of each is that of the member, its object the member.

    Raises:
        RemoraError: one cannot be loaded, or two have one name.
    """
    found = dict(bundled)
    for name, package, member in _installed(group):
        if name in found:
            raise RemoraError(f"package {package} registers '{name}' in {group}, where it is already: remove one")
        found[name] = member
    return found


def plugin_names(group: str, bundled: Iterable[str]) -> list[str]:
    """The names of these members; nothing is loaded, so that a member may import whoever asks."""
    return [*bundled, *(point.name for point in _points(group))]


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
