"""What one system gives to `remora soak`: design points, traffic, and what the third reading says of a run."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar, cast

import numpy as np

from remora.flow.generate.parts import Parts
from remora.flow.verify.harness import MakeHarness
from remora.flow.verify.records import Check
from remora.flow.verify.run import Reset, RtlRun, RunCase
from remora.spec.lib.errors import RemoraError
from remora.spec.lib.section import Design
from remora.spec.presets import parse_design

NAME = "soak"
"""Name of every design point that is soaked."""
D = TypeVar("D", bound=Design)
C = TypeVar("C", bound=RunCase)
Traffic = Mapping[str, int | float | bool]
"""What goes through a design point: plain values by name. ``seed``, ``stall`` and ``last`` are in every one; the first
``last`` items are kept of those that ``seed`` makes."""


@dataclass(frozen=True)
class SoakPoint:
    """One run of a soak: a system's design point, as `Design.stated` gives it, and its traffic."""

    system: str
    design: Mapping[str, Any]
    traffic: Traffic

    @property
    def text(self) -> str:
        """As JSON, which `read_point` reads."""
        return json.dumps(asdict(self), indent=1, sort_keys=True) + "\n"

    @property
    def key(self) -> str:
        """Digest of the content."""
        return _digest(asdict(self))

    @property
    def design_key(self) -> str:
        """Digest of system and design point."""
        return _digest([self.system, self.design])


def read_point(path: Path) -> SoakPoint:
    """Read what `SoakPoint.text` wrote.

    Raises:
        RemoraError: the file is no point.
        OSError: it cannot be read.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return SoakPoint(content["system"], content["design"], content["traffic"])
    except (ValueError, KeyError, TypeError) as error:
        raise RemoraError(f"{path}: this is no run of a soak ({error}); remora soak writes such files") from error


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


class Soaker(ABC, Generic[D, C]):
    """A system, as a soak needs it.

    Attributes:
        name: of the system. ``WEIGHT``: how often it is drawn, beside the others. ``PLAINEST``: what each part of its
            traffic is shrunk to, beside fewer items.
    """

    name: ClassVar[str]
    WEIGHT: ClassVar[int] = 1
    PLAINEST: ClassVar[Traffic]

    @property
    @abstractmethod
    def harness(self) -> MakeHarness:
        """What stands around the design in simulation."""

    @abstractmethod
    def draw(self, random: np.random.Generator) -> D:
        """A legal design point of small size."""

    @abstractmethod
    def traffics(self, random: np.random.Generator, design: D, cycles: int) -> list[Traffic]:
        """What goes through a design point, in about so many cycles in all."""

    def load(self, content: Mapping[str, Any]) -> D:
        """A design point of this system from what it states.

        Raises:
            ValueError: it is not legal.
        """
        return cast(D, parse_design({"core": self.name, **content}, "saved point"))

    @abstractmethod
    def parts(self, design: D) -> Parts:
        """What is generated; the images do not matter."""

    @abstractmethod
    def case(self, design: D, traffic: Traffic, directory: Path) -> C:
        """The run; images of its own go into ``directory``."""

    @abstractmethod
    def third(self, run: RtlRun[C], directory: Path) -> Iterator[Check]:
        """What the third reading says of a run that left its trace in ``directory``, beside the hardware's; nothing of
        what it does not read."""

    @abstractmethod
    def smallest(self) -> Mapping[str, Mapping[str, Any]]:
        """Values of fields, by section, that a failure is shrunk towards; others go towards their defaults."""


def resets_of(traffic: Traffic, longest: int) -> tuple[Reset, ...]:
    """Resets of both kinds before a run, within so many cycles of a start."""
    random = np.random.default_rng([int(traffic["seed"]), 1])
    return tuple(
        Reset(int(random.integers(2)), int(random.integers(1, longest + 1))) for _ in range(int(traffic["resets"]))
    )


class Candidates:
    """Smaller points than one that fails, the cheapest to try first.

    Args:
        soaker: of the point's system.
    """

    def __init__(self, soaker: Soaker) -> None:
        self.soaker = soaker

    def traffics(self, point: SoakPoint) -> Iterator[SoakPoint]:
        """Less traffic through the same design point, which needs no build."""
        last = int(point.traffic["last"])
        fewer = [count for count in (1, last // 4, last // 2, last - max(1, last // 8)) if 0 < count < last]
        for count in dict.fromkeys(fewer):
            yield SoakPoint(point.system, point.design, {**point.traffic, "last": count})
        for name, value in self.soaker.PLAINEST.items():
            if point.traffic.get(name, value) != value:
                yield SoakPoint(point.system, point.design, {**point.traffic, name: value})

    def designs(self, point: SoakPoint) -> Iterator[SoakPoint]:
        """Smaller legal design points under the same traffic: all fields of a section at once, then one by one."""
        seen = {point.design_key}
        for changes in self._changes(point.design):
            content = {**point.design}
            for section, values in changes.items():
                content[section] = {**point.design.get(section, {}), **values}
            try:
                design = self.soaker.load(content)
            except ValueError:
                continue
            smaller = SoakPoint(point.system, design.stated(), point.traffic)
            if smaller.design_key not in seen:
                seen.add(smaller.design_key)
                yield smaller

    def _changes(self, design: Mapping[str, Any]) -> Iterator[dict[str, dict[str, Any]]]:
        smallest, model = self.soaker.smallest(), self.soaker.load(design).model_dump(mode="json")
        targets = {
            section: {**_defaults(self.soaker, section), **smallest.get(section, {})}
            for section, values in model.items()
            if isinstance(values, dict)
        }
        whole = {section: values for section, values in targets.items() if values != model[section]}
        yield whole
        for section, values in whole.items():
            yield {section: values}
        for section, values in whole.items():
            for name, value in values.items():
                now = model[section][name]
                if value == now:
                    continue
                yield {section: {name: value}}
                if type(value) is int and type(now) is int and abs(now - value) > 1:
                    yield {section: {name: value + (now - value) // 2}}


def _defaults(soaker: Soaker, section: str) -> dict[str, Any]:
    """Default values of the fields of a section, as JSON has them."""
    return soaker.load({"name": NAME}).model_dump(mode="json")[section]
