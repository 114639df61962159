"""The systems that are installed, found by entry point, so that no layer below flow names one.

A package registers a system in the group ``remora.systems``: the name is what a TOML file's ``core`` says, the object
is an instance of `remora.flow.systems.system.System`. The two bundled ones are registered in the same way.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Protocol

from remora.spec.lib.errors import RemoraError
from remora.spec.lib.section import Design

GROUP = "remora.systems"
DEFAULT_CORE = "crossbar"
"""The system of a TOML file that names none in ``core``, and the first of every list."""
BUNDLED_PRESETS = Path(__file__).parents[1] / "presets"
"""Folder of the presets of the bundled systems."""


class Registered(Protocol):
    """What a layer below flow may ask of a system."""

    name: str
    """What a TOML file's ``core`` says."""

    @property
    def design(self) -> type[Design]:
        """Class of its design points."""
        ...

    @property
    def presets(self) -> Path:
        """Folder of its presets, ``<name>.toml`` each; systems may share one."""
        ...


@cache
def registered_systems() -> dict[str, Registered]:
    """Systems by name: the bundled ones, then others in the order of their names.

    Raises:
        RemoraError: none is installed, one cannot be loaded, or two have one name.
    """
    points = sorted(entry_points(group=GROUP), key=_order)
    if not points:
        raise RemoraError(f"no system is installed (entry points {GROUP}): run `make setup`, or install Remora again")
    systems: dict[str, Registered] = {}
    for point in points:
        if point.name in systems:
            raise RemoraError(f"two packages register system '{point.name}', one of them {_origin(point)}: remove one")
        systems[point.name] = _load(point)
    return systems


def _order(point: EntryPoint) -> tuple:
    return point.name != DEFAULT_CORE, _origin(point) != "remora", point.name


def _load(point: EntryPoint) -> Registered:
    try:
        system = point.load()
    except Exception as error:
        raise RemoraError(
            f"system '{point.name}' of package {_origin(point)} cannot be loaded: {type(error).__name__}: {error}; "
            "mend the package, or remove it"
        ) from error
    if getattr(system, "name", None) != point.name:
        raise RemoraError(
            f"system '{point.name}' of package {_origin(point)}: {point.value} is no system of that name; install the "
            "package again (in a checkout of Remora: `make setup`)"
        )
    return system


def _origin(point: EntryPoint) -> str:
    return point.dist.name if point.dist else ""
