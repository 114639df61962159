"""What a sweep measures: the figures that a command finds of a design point, by the name of the command."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from remora.flow.report.configuration import derived_quantities
from remora.flow.report.provenance import FIELDS
from remora.flow.sweep.plan import PlanError
from remora.flow.sweep.units import Context, Unit
from remora.flow.systems.registry import system_of
from remora.spec.lib.plugins import with_plugins
from remora.spec.lib.section import Design

GROUP = "remora.metrics"
"""Entry points of other packages: name of a metric → `Metric`."""
COLUMNS = "columns"
"""Option of every metric: names of the figures to keep in the tables; all where it is left out."""
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
        version: to be changed where it gives other figures for the same design point and options.
    """

    about: str
    measure: Callable[[Design, Mapping[str, Any], Path], Mapping[str, Any]]
    check: Callable[[Design, Mapping[str, Any]], object] | None = None
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


def columns_of(name: str, figures: Mapping[str, int | float], options: Mapping[str, Any]) -> Figures:
    """The columns of a row from the figures of a metric: all, or those of its option `COLUMNS`."""
    wanted = options.get(COLUMNS, figures)
    return {f"{name}.{column}": figures[column] for column in wanted if column in figures}


def unit_of(name: str, design: Design, options: Mapping[str, Any]) -> Unit:
    """The unit of work that measures a design point; files that an option names count by their content."""
    metric, options = find_metric(name), without_columns(options)
    files = [Path(value) for value in options.values() if isinstance(value, str) and Path(value).is_file()]
    parameters = {
        "metric": name,
        "version": metric.version,
        "design": {field: value for field, value in design.stated().items() if field != "name"},
        "options": dict(options),
        "files": {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files},
    }

    def work(context: Context) -> Figures:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            found = metric.measure(design, options, context.folder)
        context.advance(1)
        return _figures(found)

    return Unit(parameters, 1, work)


def without_columns(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that decide what is measured."""
    return {option: value for option, value in options.items() if option != COLUMNS}


def _figures(found: Mapping[str, Any]) -> Figures:
    return {name: value for name, value in found.items() if isinstance(value, int | float) and name not in FIELDS}


# The project's own ----------------------------------------------------------------------------------------------------
def _derived(design: Design, options: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    return {path: value for path, value, _ in derived_quantities(design)}


def _no_options(design: Design, options: Mapping[str, Any]) -> None:
    if options:
        raise PlanError(f"{', '.join(options)}: this metric has no options")


def _train_options(design: Design, options: Mapping[str, Any], output: Path = Path("checkpoint.npz")) -> Any:
    return system_of(design).make_options("train", **options, output=output)


def _train(design: Design, options: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    return system_of(design).train(design, _train_options(design, options, folder / "checkpoint.npz"))


def _simulate_options(design: Design, options: Mapping[str, Any]) -> Any:
    return system_of(design).make_options("simulate", **options)


def _simulate(design: Design, options: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    return system_of(design).simulate(design, _simulate_options(design, options)).result


def _synthesise(design: Design, options: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    from remora.flow.signoff.result import synthesise_design
    from remora.spec.lib.extras import require_extra

    require_extra("the metric synth", "signoff")
    return synthesise_design(system_of(design).parts(design, None), flat_only=True)


METRICS: Mapping[str, Metric] = {
    "derived": Metric("what follows from the fields, such as cycles: `remora config show`", _derived, _no_options),
    "train": Metric("`remora train`: accuracy in golden, without RTL", _train, _train_options),
    "simulate": Metric("`remora simulate`: exactness, cycles and accuracy on RTL", _simulate, _simulate_options),
    "synth": Metric("`remora synth`: area, flip-flops and clock in standard cells", _synthesise, _no_options),
}  # fmt: skip
