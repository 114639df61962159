"""What a conversion found, and how it reads parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DIGITS = 5
"""Significant digits of a converted number."""


@dataclass(frozen=True)
class Conversion:
    """Fields of the section ``[devices]`` that a foreign configuration gives.

    Attributes:
        source: the simulator and the law, in words.
        fields: field → value; as a design point takes them.
        origins: field → the parameters that it follows from, in words.
        left: parameters that have no counterpart, each with its value and why, a line each.
    """

    source: str
    fields: Mapping[str, Any]
    origins: Mapping[str, str]
    left: tuple[str, ...]


@dataclass
class Parameters:
    """Parameters of a foreign configuration, which notes what is read: whatever is not becomes `rest`."""

    given: Mapping[str, Any]
    fields: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    read: set[str] = field(default_factory=set)

    def number(self, name: str, default: float = 0.0) -> float:
        """A number by name.

        Raises:
            ValueError: it is none.
        """
        self.read.add(name)
        value = self.given.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
            raise ValueError(f"{name} = {value!r} should be a number")
        return float(value)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A truth value by name.

        Raises:
            ValueError: it is none.
        """
        self.read.add(name)
        value = self.given.get(name, default)
        if not isinstance(value, bool):
            raise ValueError(f"{name} = {value!r} should be true or false")
        return value

    def give(self, name: str, value: float | tuple[float, ...] | str, origin: str) -> None:
        """State a field, rounded to `DIGITS`; numbers that are 0 need no statement."""
        if isinstance(value, tuple):
            self.fields[name] = tuple(rounded(each) for each in value)
        elif isinstance(value, str):
            self.fields[name] = value
        elif value:
            self.fields[name] = rounded(value)
        else:
            return
        self.origins[name] = origin

    def leave(self, name: str, why: str) -> None:
        """Say of a parameter that it has no counterpart, where it differs from 0, false and nothing."""
        self.read.add(name)
        if self.given.get(name):
            self.left.append(f"{name} = {self.given[name]!r}: {why}")

    def unknown(self, why: str) -> None:
        """Say of every parameter that nothing read, whatever its value, that it is unknown."""
        for name in self.given:
            if name not in self.read:
                self.left.append(f"{name} = {self.given[name]!r}: {why}")

    def conversion(self, source: str) -> Conversion:
        """What was found."""
        return Conversion(source, self.fields, self.origins, tuple(self.left))


def rounded(value: float) -> float:
    """A number of `DIGITS` significant digits."""
    return float(f"{value:.{DIGITS}g}")


def shortened(curve: tuple[float, ...]) -> tuple[float, ...]:
    """A curve of as few values as draw it within a thousandth of its largest: one, two, or all."""
    near, last = max(curve) / 1000, len(curve) - 1
    if max(curve) - min(curve) <= near:
        return curve[:1]
    line = [curve[0] + (curve[-1] - curve[0]) * position / last for position in range(len(curve))]
    straight = all(abs(value - on_line) <= near for value, on_line in zip(curve, line, strict=True))
    return (curve[0], curve[-1]) if straight else curve
