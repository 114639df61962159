"""One run of a soak: build the design point, drive it, compare it with golden and with the third reading."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from traceback import format_exc
from typing import Literal, Self

from remora.flow.generate.directory import Generated
from remora.flow.tools.simulator import Build, build_root
from remora.flow.verify.harness import build_harness
from remora.flow.verify.records import by_name
from remora.flow.verify.run import RtlRun, run_case
from remora.flow.verify.simulation import held_for
from remora.flow.verify.soak.soaker import Soaker, SoakPoint
from remora.spec.lib.errors import RemoraError
from remora.tb.lib.scoreboard import Comparison, compare, describe_text

PREFIX = "soak-"
THIRD = "third reading"

Kind = Literal["none", "build", "simulation", "model", "golden", "third", "nothing"]
"""What failed: the build, the simulation itself, golden or the third reading with an error of its own, the comparison
with golden, that with the third reading; or something that must be compared was not."""
MODEL_ERRORS = (ArithmeticError, AssertionError, LookupError, TypeError, ValueError)
"""What a model raises that does not stand what was drawn."""


@dataclass(frozen=True)
class Netlist:
    """A netlist in place of the generated one, such as one with a fault in it.

    Attributes:
        wrapped: paths of the instances that hold what is in them in an instance ``good``.
    """

    path: Path | None = None
    wrapped: frozenset[str] = frozenset()


Alter = Callable[[Generated], Netlist]


@dataclass(frozen=True)
class Outcome:
    """What a run gave.

    Attributes:
        cycles: of the hardware's own counter. ``golden_values``, ``third_values``: numbers compared with golden and
            with the third reading. ``mismatches``: records that differ from either.
        failure: what is wrong, in words; empty where all agrees and all that must be compared was. ``kind``: of it.
    """

    cycles: int = 0
    golden_values: int = 0
    third_values: int = 0
    mismatches: int = 0
    failure: str = ""
    kind: Kind = "none"


def unaltered(generated: Generated) -> Netlist:
    """The generated netlist as it is."""
    return Netlist()


@contextmanager
def soak_build(soaker: Soaker, point: SoakPoint, alter: Alter = unaltered) -> Iterator[Build]:
    """Generate and build a design point; what was built is removed at the end, since it is not wanted again.

    Raises:
        RemoraError: a legal design point cannot be generated or built.
    """
    design = soaker.load(point.design)
    made: list[Path] = []
    try:
        with held_for(soaker.parts(design), PREFIX) as generated:
            made.append(generated.directory)
            altered = alter(generated)
            build = build_harness(
                generated, soaker.harness, netlist=altered.path, wrapped=altered.wrapped, optimise="build"
            )
        made.append(build.directory)
        yield build
    finally:
        for directory in made:
            shutil.rmtree(directory, ignore_errors=True)


def soak_run(soaker: Soaker, point: SoakPoint, build: Build) -> Outcome:
    """Drive a build with a point's traffic, and compare. A model that raises an error fails, too."""
    with TemporaryDirectory(prefix=PREFIX, dir=build_root()) as directory:
        try:
            return _run(soaker, point, build, Path(directory))
        except RemoraError as error:
            return Outcome(failure=str(error), kind="simulation")
        except MODEL_ERRORS:
            return Outcome(failure=format_exc(), kind="model")


def _run(soaker: Soaker, point: SoakPoint, build: Build, directory: Path) -> Outcome:
    traffic = point.traffic
    case = soaker.case(soaker.load(point.design), traffic, directory)
    run = run_case(build, case, directory, seed=int(traffic["seed"]), stall=float(traffic["stall"]))
    third, read = Comparison(), 0
    for check in soaker.third(run, directory):
        third.merge(compare({check.kind: check.expected}, {check.kind: check.actual}))
        read += 1
    failure, kind = _verdict(run, third, read)
    return Outcome(
        by_name(run.counters)["cycles"], run.comparison.values, third.values,
        run.comparison.total_mismatches + third.total_mismatches, failure, kind,
    )  # fmt: skip


def _verdict(run: RtlRun, third: Comparison, read: int) -> tuple[str, Kind]:
    """What is wrong, in words, and its kind."""
    if run.comparison.total_mismatches:
        return f"{run.failure()}\n{describe_text(run.comparison)}", "golden"
    if third.total_mismatches:
        differ = f"hardware and the {THIRD} differ in {third.total_mismatches:,} records"
        return f"{differ}\n{describe_text(third, THIRD)}", "third"
    if read and not third.passed:
        return f"nothing was compared with the {THIRD}", "nothing"
    return run.failure(), "nothing" if run.failure() else "none"


class Runner:
    """Runs points of one system, and holds the build of the last design point for those that follow.

    Use it in a ``with``: at its end what was built is removed.
    """

    def __init__(self, soaker: Soaker, alter: Alter = unaltered) -> None:
        self._soaker, self._alter, self._held = soaker, alter, ExitStack()
        self._key = ""
        self._build: Build | Outcome = Outcome()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def __call__(self, point: SoakPoint) -> Outcome:
        """Drive one point. A design point that cannot be generated or built fails, too."""
        if point.design_key != self._key:
            self._held.close()
            self._key = point.design_key
            try:
                self._build = self._held.enter_context(soak_build(self._soaker, point, self._alter))
            except RemoraError as error:
                self._build = Outcome(failure=str(error), kind="build")
        if isinstance(self._build, Outcome):
            return self._build
        return soak_run(self._soaker, point, self._build)


def repeat(soaker: Soaker, point: SoakPoint, alter: Alter = unaltered) -> Outcome:
    """Build and run one point. A design point that cannot be generated or built fails, too."""
    with Runner(soaker, alter) as run:
        return run(point)
