"""What a sweep measures: the figures that a command finds of a design point, by the name of the command."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from remora.flow.report.configuration import derived_quantities
from remora.flow.report.provenance import FIELDS
from remora.flow.sweep.plan import Plan, PlanError
from remora.flow.sweep.points import COLUMNS
from remora.flow.sweep.units import Context, Unit
from remora.flow.systems.options import check_values
from remora.flow.systems.registry import system_of
from remora.golden.data.idx import DATA_VARIABLE
from remora.spec.lib.plugins import with_plugins
from remora.spec.lib.section import Design

GROUP = "remora.metrics"
"""Entry points of other packages: name of a metric → `Metric`."""
OF_THE_SWEEP = ("output", "keep", "waves", "toggles", "jobs", "fresh", "origin", "given")
"""Options of commands that say where something goes, or how it is done."""
Figures = dict[str, int | float]
"""Columns of a row, as the metric names them; a truth is 0 or 1."""


@dataclass(frozen=True)
class Metric:
    """What can be measured of a design point.

    Attributes:
        about: in words.
        measure: of a design point, with the options of the plan, in a folder of its own; what are no numbers is
            left out, and what it prints is not shown.
        check: raises `RemoraError` where options do not fit a design point; None where there are no options.
        data: what it gives depends on the data sets that `DATA_VARIABLE` names.
        version: to be changed where it gives other figures for the same design point and options.
    """

    about: str
    measure: Callable[[Design, Mapping[str, Any], Path], Mapping[str, Any]]
    check: Callable[[Design, Mapping[str, Any]], object] | None = None
    data: bool = False
    version: int = 1


def metrics() -> dict[str, Metric]:
    """Every metric by name: the project's own and those of other packages.

    Raises:
        RemoraError: one of a package cannot be loaded, or has the name of another.
    """
    return with_plugins(GROUP, METRICS)


def find_metric(name: str) -> Metric:
    """A metric by name.

    Raises:
        PlanError: there is none of that name.
    """
    known = metrics()
    if name not in known:
        raise PlanError(f"there is no metric '{name}'; there are: {', '.join(known)}")
    return known[name]


def check_columns(plan: Plan) -> None:
    """Raises `PlanError` where the columns of a metric are no list of names."""
    for name, options in plan.metrics.items():
        columns = options.get(COLUMNS, [""])
        if not isinstance(columns, list) or not columns or not all(isinstance(column, str) for column in columns):
            raise PlanError(f"metrics.{name}.{COLUMNS} = {columns!r}: give a list of names of figures")


def unit_of(name: str, design: Design, options: Mapping[str, Any]) -> Unit:
    """The unit of work that measures a design point; files that an option names, and the data beside, count too."""
    metric, options = find_metric(name), measured_options(options)
    files = [Path(value) for value in options.values() if isinstance(value, str) and Path(value).is_file()]
    parameters = {
        "metric": name,
        "version": metric.version,
        "design": {field: value for field, value in design.stated().items() if field != "name"},
        "options": dict(options),
        "files": {str(path): _digest(str(path.resolve()), *_state(path)) for path in files},
        "data": _data(os.environ.get(DATA_VARIABLE, "")) if metric.data else "",
    }

    def work(context: Context) -> Figures:
        said = io.StringIO()
        try:
            with redirect_stdout(said), redirect_stderr(said):
                found = metric.measure(design, options, context.folder)
        except Exception as error:
            error.add_note(said.getvalue())
            raise
        context.advance(1)
        return {name: value for name, value in found.items() if isinstance(value, int | float) and name not in FIELDS}

    return Unit(parameters, 1, work)


def measured_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that decide what is measured."""
    return {option: value for option, value in options.items() if option != COLUMNS}


def _state(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


@cache
def _digest(path: str, size: int, changed: int) -> str:
    """Of a file's content, read once as long as its size and time of change stay."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


@cache
def _data(folder: str) -> str:
    """What tells one folder of data sets from another: the names and sizes of what lies in it and in its folders."""
    if not folder or not Path(folder).is_dir():
        return ""
    found = (each for depth in ("*", "*/*") for each in Path(folder).glob(depth))
    listed = sorted((str(each.relative_to(folder)), each.stat().st_size * each.is_file()) for each in found)
    return hashlib.sha256(repr(listed).encode()).hexdigest()[:16]


# The project's own ----------------------------------------------------------------------------------------------------
def _derived(design: Design, options: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    return {path: value for path, value, _ in derived_quantities(design)}


def _no_options(design: Design, options: Mapping[str, Any]) -> None:
    if options:
        raise PlanError(f"{', '.join(options)}: this metric has no options")


def _options(command: str, design: Design, options: Mapping[str, Any], **own: Path) -> Any:
    """Options of a command as its command line takes them; what a sweep decides itself is refused.

    Raises:
        RemoraError: the system has no such command or option, or a value is not legal.
    """
    if refused := [name for name in options if name in OF_THE_SWEEP]:
        raise PlanError(f"{', '.join(refused)}: a sweep decides this itself; leave it out")
    kind = system_of(design).options(command)
    if kind is not None:
        check_values(kind, options)
    return system_of(design).make_options(command, **options, **own)


def _train(design: Design, options: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    return system_of(design).train(design, _options("train", design, options, output=folder / "checkpoint.npz"))


def _simulate(design: Design, options: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    return system_of(design).simulate(design, _options("simulate", design, options)).result


def _synthesise(design: Design, options: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    from remora.flow.signoff.result import synthesise_design
    from remora.spec.lib.extras import require_extra

    require_extra("the metric synth", "signoff")
    return synthesise_design(system_of(design).parts(design, None), flat_only=True)


METRICS: Mapping[str, Metric] = {
    "derived": Metric("what follows from the fields, such as cycles: `remora config show`", _derived, _no_options),
    "train": Metric("`remora train`: accuracy in golden, without RTL", _train, partial(_options, "train"), data=True),
    "simulate": Metric(
        "`remora simulate`: exactness, cycles and accuracy on RTL", _simulate, partial(_options, "simulate"), data=True
    ),
    "synth": Metric("`remora synth`: area, flip-flops and clock in standard cells", _synthesise, _no_options),
}
