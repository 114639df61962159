"""What each field of a design point says about a stored network: a mark on the field, read by whoever moves a network
from one design point to another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import BaseModel


class Role(StrEnum):
    """What another value of a field does to a network that was stored under the first.

    Every field carries one, as ``Annotated[type, ROLE]``.
    """

    MEANING = "meaning"
    """Weights get another shape or stand for other numbers: the network belongs to the value."""
    THRESHOLDS = "thresholds"
    """Thresholds of bistable cells are counted in it: as MEANING where cells are bistable, else as ANSWERS."""
    ANSWERS = "answers"
    """The network stays the same; the hardware rounds, saturates or errs otherwise, so that answers may differ."""
    RANGE = "range"
    """A limit: what is stored moves where it fits."""
    GATES = "gates"
    """A value after reset of something that is stored with the network; the stored value holds."""
    ACCUMULATORS = "accumulators"
    """χ counts in it; weights do not."""
    LEARNING = "learning"
    """How learning goes on. What is learnt already keeps its meaning."""
    FREE = "free"
    """Neither: names, times, tiles, lanes, and what is built beside the network."""


MEANING, THRESHOLDS, ANSWERS, RANGE = Role.MEANING, Role.THRESHOLDS, Role.ANSWERS, Role.RANGE
GATES, ACCUMULATORS, LEARNING, FREE = Role.GATES, Role.ACCUMULATORS, Role.LEARNING, Role.FREE


@dataclass(frozen=True)
class Difference:
    """A field in which two design points differ.

    Attributes:
        path: dotted, such as ``network.hidden``.
        role: of the field; MEANING where this version does not know the field.
        theirs, ours: the two values; None where there is no such field.
    """

    path: str
    role: Role
    theirs: Any
    ours: Any

    def __str__(self) -> str:
        return f"{self.path} is {self.theirs} there, {self.ours} here"


def roles_of(kind: type[BaseModel], prefix: str = "") -> dict[str, Role]:
    """Dotted path → role, of every field of a kind of design point.

    Raises:
        ValueError: a field carries no role, or several.
    """
    found: dict[str, Role] = {}
    for name, field in kind.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found |= roles_of(field.annotation, f"{prefix}{name}.")
            continue
        roles = [mark for mark in field.metadata if isinstance(mark, Role)]
        if len(roles) != 1:
            raise ValueError(f"{prefix}{name} of {kind.__name__} has {len(roles)} roles; mark it with one of {Role!r}")
        found[prefix + name] = roles[0]
    return found


def differences(stored: Mapping[str, Any], design: BaseModel) -> list[Difference]:
    """Fields in which a stored design point, as JSON holds it, differs from one at hand, in order of their paths.

    A field that the stored one lacks has its default there: it is younger than the file.

    Raises:
        ValueError: the stored one is no design point of this kind.
    """
    roles = roles_of(type(design))
    theirs, ours = dict(_leaves(stored)), dict(_leaves(design.model_dump(mode="json")))
    defaults = dict(_leaves(type(design)(name="default").model_dump(mode="json")))
    theirs = {path: value for path, value in defaults.items() if path != "name"} | theirs
    return [
        Difference(path, roles.get(path, Role.MEANING), theirs.get(path), ours.get(path))
        for path in sorted(theirs.keys() | ours.keys())
        if theirs.get(path) != ours.get(path)
    ]


def _leaves(content: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(content, Mapping):
        raise ValueError(f"a design point is a table of fields; it is {content!r:.40}")
    for name, value in content.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value
