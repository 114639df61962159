"""What a person may change of one experiment, beyond what all have: ``--set NAME=VALUE``, refused in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from remora.flow.experiments import ExperimentError


@dataclass(frozen=True)
class Whole:
    """A whole number.

    Attributes:
        meaning: in words.
        low, high: what is legal.
    """

    meaning: str
    low: int
    high: int

    @property
    def legal(self) -> str:
        """What may be given."""
        return f"a whole number in {self.low}…{self.high}"

    def read(self, text: str) -> int:
        """The value of ``text``.

        Raises:
            ValueError: it is not legal.
        """
        value = int(text)
        if not self.low <= value <= self.high:
            raise ValueError(text)
        return value


@dataclass(frozen=True)
class OneOf:
    """One of a few names.

    Attributes:
        meaning: in words.
        names: what is legal.
    """

    meaning: str
    names: tuple[str, ...]

    @property
    def legal(self) -> str:
        """What may be given."""
        return f"one of {', '.join(self.names)}"

    def read(self, text: str) -> str:
        """The name itself.

        Raises:
            ValueError: it is not legal.
        """
        if text not in self.names:
            raise ValueError(text)
        return text


@dataclass(frozen=True)
class SomeOf:
    """One or several of a few names, separated by commas.

    Attributes:
        meaning: in words.
        names: what is legal.
    """

    meaning: str
    names: tuple[str, ...]

    @property
    def legal(self) -> str:
        """What may be given."""
        return f"one or several of {', '.join(self.names)}, separated by commas"

    def read(self, text: str) -> tuple[str, ...]:
        """The names in ``text``, in the order of `names`.

        Raises:
            ValueError: one is not legal.
        """
        given = text.split(",")
        if not set(given) <= set(self.names):
            raise ValueError(text)
        return tuple(name for name in self.names if name in given)


def read_settings(name: str, module: ModuleType, given: Iterable[str]) -> dict[str, Any]:
    """Values by name of what was given as ``NAME=VALUE`` to an experiment; its module's ``SETTINGS`` say what there is.

    Raises:
        ExperimentError: a name or a value is not legal; the message says what is.
    """
    known = getattr(module, "SETTINGS", {})
    values = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals or key not in known:
            there = "; ".join(f"{key}: {one.meaning}, {one.legal}" for key, one in known.items())
            raise ExperimentError(f"--set {text}: experiment '{name}' takes {there or 'no settings'}")
        try:
            values[key] = known[key].read(value)
        except ValueError as error:
            raise ExperimentError(f"--set {text}: {key} should be {known[key].legal}") from error
    return values
