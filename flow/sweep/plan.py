"""The plan of a sweep: a design point to start from, what varies, and what is measured, as a TOML file says."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from remora.spec.lib.errors import ConfigError, RemoraError
from remora.spec.lib.section import Section
from remora.spec.lib.validation import validated
from remora.spec.presets import read_toml

ENDS = {"low", "high"}
"""A table with one of these keys is a range; any other table holds more fields."""
MOST_POINTS = 1_000_000
STEP_ERROR = 1e-9
"""Share of a step by which rounding may leave the last value above ``high``."""
LARGEST = 2**63
"""Whole numbers end below it in the tables."""


class PlanError(RemoraError):
    """A plan cannot be read; the message says why and what to do."""


class Range(Section):
    """Numbers from ``low`` to ``high``, both included; whole ones where both ends are whole, and ``step`` is."""

    low: int | float = Field(allow_inf_nan=False, description="smallest value")
    high: int | float = Field(allow_inf_nan=False, description="largest value")
    step: int | float | None = Field(
        default=None, gt=0, allow_inf_nan=False, description="of a grid: from a value to the next"
    )
    count: int | None = Field(
        default=None, ge=2, le=MOST_POINTS, description="of a grid: how many values, evenly apart on the scale"
    )
    scale: Literal["linear", "log"] = Field(default="linear", description="what is even: differences or ratios")

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if not self.low < self.high:
            raise ValueError(f"low = {self.low} must be below high = {self.high}")
        if self.scale == "log" and self.low <= 0:
            raise ValueError(f"low = {self.low} must be above 0 on a logarithmic scale")
        if self.step is not None and (self.count is not None or self.scale == "log"):
            raise ValueError("step goes with neither count nor a logarithmic scale; leave one out")
        return self

    @property
    def whole(self) -> bool:
        """The values are whole numbers."""
        return isinstance(self.low, int) and isinstance(self.high, int) and not isinstance(self.step, float)

    @property
    def steps(self) -> int:
        """How many values a grid has, at most.

        Raises:
            PlanError: nothing says how far they are apart.
        """
        if self.step is None and self.count is None and not self.whole:
            raise PlanError(f"from {self.low} to {self.high} there are no steps: give step or count")
        return self.count or int((self.high - self.low) / (self.step or 1) + STEP_ERROR) + 1

    def at(self, share: float) -> int | float:
        """The value at a share of the way from ``low`` to ``high``, 0 … 1 without 1; of whole numbers each has an equal
        part of the way, on a logarithmic scale one as long as its ratio."""
        low, high = self.low, self.high + 1 if self.whole else self.high
        value = low * (high / low) ** share if self.scale == "log" else low + (high - low) * share
        return max(int(self.low), min(math.floor(value), int(self.high))) if self.whole else float(value)

    def values(self) -> list[int | float]:
        """Those of a grid, each once.

        Raises:
            PlanError: nothing says how far they are apart.
        """
        if self.count is None:
            found = [self.low + number * (self.step or 1) for number in range(self.steps)]
        else:
            shares = [number / (self.count - 1) for number in range(self.count)]
            span, ratio = self.high - self.low, self.high / self.low if self.low else 0
            found = [self.low * ratio**share if self.scale == "log" else self.low + span * share for share in shares]
        return list(dict.fromkeys(round(value) if self.whole else float(value) for value in found))


Varied = dict[str, Any]
"""Dotted path of a field → a list of values, or a `Range`."""


class Latin(Section):
    """A Latin hypercube: points of which every field has each part of its range equally often."""

    count: int = Field(ge=1, le=MOST_POINTS, description="how many points")
    vary: Varied = Field(description="dotted path of each field → low and high, or a list of values")


class Pareto(Section):
    """Columns whose best compromises are marked and drawn."""

    minimise: list[str] = Field(default=[], description="columns of which less is better")
    maximise: list[str] = Field(default=[], description="columns of which more is better")

    @model_validator(mode="after")
    def _enough(self) -> Pareto:
        if len({*self.minimise, *self.maximise}) < 2 or set(self.minimise) & set(self.maximise):
            raise ValueError("give two columns or more, each once")
        return self


class Plan(Section):
    """A sweep. Grid, points and Latin hypercube multiply: each point of one with each point of the others."""

    config: str = Field(description="preset, or TOML file, of the design point that the others differ from")
    seed: int = Field(default=1, ge=0, lt=2**32, description="of the Latin hypercube")
    grid: Varied = Field(default={}, description="dotted path of a field → its values; every combination is a point")
    points: list[dict[str, Any]] = Field(
        default=[], description="points one by one: dotted path of a field → its value"
    )
    latin: Latin | None = Field(default=None, description="points of a Latin hypercube")
    metrics: dict[str, dict[str, Any]] = Field(min_length=1, description="what is measured, and its options")
    pareto: Pareto | None = Field(default=None, description="columns to weigh against each other")

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, content: Any) -> Any:
        """Fields may be written in tables, ``[grid.crossbar]``, or as quoted paths."""
        found = dict(content)
        if isinstance(found.get("grid"), Mapping):
            found["grid"] = dict(_flattened(found["grid"]))
        if isinstance(found.get("points"), list):
            found["points"] = [
                dict(_flattened(point, ranges=False)) if isinstance(point, Mapping) else point
                for point in found["points"]
            ]
        latin = found.get("latin")
        if isinstance(latin, Mapping) and isinstance(latin.get("vary"), Mapping):
            found["latin"] = {**latin, "vary": dict(_flattened(latin["vary"]))}
        return found

    @model_validator(mode="after")
    def _varies_once(self) -> Plan:
        listed = {name for point in self.points for name in point}
        ways = [set(self.grid), listed, set(self.latin.vary if self.latin else ())]
        if twice := sorted(name for name in set().union(*ways) if sum(name in way for way in ways) > 1):
            raise ValueError(f"{', '.join(twice)}: varied in two ways; leave one out")
        every = sorted(set().union(*ways))
        if inner := [name for name in every if any(name.startswith(f"{other}.") for other in every)]:
            raise ValueError(f"{', '.join(inner)}: varied by itself and within its table; leave one out")
        return self


def read_plan(path: Path) -> Plan:
    """Read a plan.

    Raises:
        PlanError: it cannot be read, is not TOML, or a field of it is wrong; the message names each.
    """
    try:
        return validated(Plan, read_toml(path), str(path))
    except ConfigError as error:
        raise PlanError(str(error)) from error


def _flattened(content: Mapping[str, Any], prefix: str = "", *, ranges: bool = True) -> Iterator[tuple[str, Any]]:
    for name, value in content.items():
        if isinstance(value, Range):
            yield f"{prefix}{name}", value
        elif isinstance(value, Mapping) and ranges and set(value) & ENDS:
            yield f"{prefix}{name}", validated(Range, value, f"{prefix}{name}")
        elif isinstance(value, Mapping) and value:
            yield from _flattened(value, f"{prefix}{name}.", ranges=ranges)
        elif ranges and (not isinstance(value, list) or not value):
            raise ValueError(f"{prefix}{name} = {value!r}: give a list of values, or low and high")
        else:
            _check_value(f"{prefix}{name}", value)
            yield f"{prefix}{name}", value


def _check_value(path: str, value: Any) -> None:
    """Raises ``ValueError`` where a table cannot hold a value."""
    if isinstance(value, list):
        for each in value:
            _check_value(path, each)
    elif isinstance(value, Mapping):
        for name, each in value.items():
            _check_value(f"{path}.{name}", each)
    elif not isinstance(value, bool | int | float | str):
        raise ValueError(f"{path}: {value} is neither a number, a text nor a truth; put it in quotes")
    elif isinstance(value, int) and not -LARGEST <= value < LARGEST:
        raise ValueError(f"{path}: {value} has more than 64 bits")
