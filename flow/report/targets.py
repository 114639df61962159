"""What a benchmark promises: a measured figure and its bound."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """A promise: ``value`` at most or at least ``bound``."""

    name: str
    value: float
    relation: str
    bound: float

    @property
    def met(self) -> bool:
        """Whether it is kept."""
        return self.value <= self.bound if self.relation == "<=" else self.value >= self.bound

    def as_dict(self) -> dict:
        """For the result's JSON."""
        return {"name": self.name, "value": self.value, "relation": self.relation, "bound": self.bound, "met": self.met}
