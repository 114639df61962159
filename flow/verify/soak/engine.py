"""One run of a soak: build the design point, drive it, compare it with golden and with the third reading."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

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

Kind = Literal["none", "build", "simulation", "golden", "third", "nothing"]
"""What failed: the build, the simulation itself, the comparison with golden, that with the third reading; or something
that must be compared was not."""


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
    with held_for(soaker.parts(design), PREFIX) as generated:
        altered = alter(generated)
        build = build_harness(
            generated, soaker.harness, netlist=altered.path, wrapped=altered.wrapped, optimise="build"
        )
    try:
        yield build
    finally:
        shutil.rmtree(build.directory, ignore_errors=True)
        shutil.rmtree(generated.directory, ignore_errors=True)


def soak_run(soaker: Soaker, point: SoakPoint, build: Build, keep: Path | None = None) -> Outcome:
    """Drive a build with a point's traffic, and compare.

    Args:
        keep: folder for inputs, trace and log; a temporary one where None.
    """
    if keep:
        return _run(soaker, point, build, keep)
    with TemporaryDirectory(prefix=PREFIX, dir=build_root()) as directory:
        return _run(soaker, point, build, Path(directory))


def _run(soaker: Soaker, point: SoakPoint, build: Build, directory: Path) -> Outcome:
    traffic = point.traffic
    case = soaker.case(soaker.load(point.design), traffic, directory)
    try:
        run = run_case(build, case, directory, seed=int(traffic["seed"]), stall=float(traffic["stall"]))
    except RemoraError as error:
        return Outcome(mismatches=1, failure=str(error), kind="simulation")
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
        return f"{differ}\n{describe_text(third)}", "third"
    if read and not third.passed:
        return f"nothing was compared with the {THIRD}", "nothing"
    return run.failure(), "nothing" if run.failure() else "none"


def repeat(soaker: Soaker, point: SoakPoint, alter: Alter = unaltered, keep: Path | None = None) -> Outcome:
    """Build and run one point. A design point that cannot be generated or built fails, too."""
    try:
        with soak_build(soaker, point, alter) as build:
            return soak_run(soaker, point, build, keep)
    except RemoraError as error:
        return Outcome(mismatches=1, failure=str(error), kind="build")
