"""Running a sweep: every metric of every point, rows as CSV and Parquet, and the Pareto front."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from remora.flow.report.console import write_json
from remora.flow.report.provenance import provenance
from remora.flow.sweep.clusters import Workers
from remora.flow.sweep.live import Progress
from remora.flow.sweep.metrics import check_columns, find_metric, measured_options, unit_of
from remora.flow.sweep.pareto import Weighed
from remora.flow.sweep.plan import Plan, PlanError
from remora.flow.sweep.points import COLUMNS, Point, points_of
from remora.flow.sweep.table import DONE, FAILED, REFUSED, TABLES, Row, write_tables
from remora.flow.sweep.units import Store, Unit
from remora.flow.sweep.workers import do_all
from remora.spec.lib.errors import RemoraError
from remora.spec.lib.files import write_text
from remora.spec.lib.section import Design
from remora.spec.lib.validation import guess

RESULT, FRONT = "sweep.json", "pareto"
"""Names of files in the folder of a sweep, the second one without its ending."""
FILES = (*TABLES, RESULT)
VERSION = 1
"""Of the units; each metric has one of its own besides."""


class Task(NamedTuple):
    """A metric of a point, by the point's position among all."""

    position: int
    metric: str
    unit: Unit


def run_sweep(plan: Plan, base: Design, directory: Path, workers: Workers) -> dict[str, Any]:
    """Measure what is not measured yet, and write ``results.csv``, ``results.parquet``, ``sweep.json`` and the Pareto
    front into a folder.

    A point is a row with the reason where the rules of design points refuse it or a metric refuses its options, and
    where a metric fails; the others go on.

    Args:
        base: the design point that the plan starts from.
        directory: of the results; finished work is in its folder ``units`` and is not repeated.

    Returns:
        As JSON. ``units`` are metrics of points, of which so many are ``done``, ``refused`` and ``failed``; ``earlier``
        are those of ``done`` that an earlier run did.

    Raises:
        PlanError: the plan names a field, a metric or a column that is not there.
        RemoraError: there is no such cluster.
        OSError: a result cannot be written; the error names the file.
    """
    check_columns(plan)
    for metric in plan.metrics:
        find_metric(metric)
    points = points_of(plan, base)
    rows, tasks = [], []
    for position, point in enumerate(points):
        refusal = _refusal(plan, point)
        rows.append(Row(position + 1, point.fields, REFUSED if refusal else DONE, refusal, {}))
        if not refusal:
            assert point.design is not None
            tasks += [
                Task(position, metric, unit_of(metric, point.design, point.options(metric, given)))
                for metric, given in plan.metrics.items()
            ]
    counts = _measure(tasks, rows, Store("sweep", VERSION, directory), workers)
    refused = sum(row.status == REFUSED for row in rows) * len(plan.metrics)
    result: dict[str, Any] = {"config": plan.config, "points": len(rows), "units": len(tasks) + refused}
    result |= {"done": counts[DONE], "refused": refused, "failed": counts[FAILED], "earlier": counts["earlier"]}
    result |= {"first_reason": next((row.reason for row in rows if row.reason), None)}
    # What is written first is there whatever the plan says of columns that nothing has.
    files = [path.name for path in write_tables(_kept(plan, rows), directory)]
    result |= {"files": files, "plan": plan.model_dump(mode="json"), "design": base.stated(), **provenance(plan.seed)}
    write_json(directory / RESULT, result)
    if counts[DONE]:
        _check_kept(plan, rows)
        if plan.pareto:
            weighed = Weighed(plan.pareto, rows)
            write_tables(_kept(plan, weighed.rows), directory)
            files += weighed.chart().write(directory, FRONT).values()
            write_json(directory / RESULT, result)
    return result


def _kept(plan: Plan, rows: Sequence[Row]) -> list[Row]:
    """The rows with the figures that the plan keeps."""
    wanted = {metric: options.get(COLUMNS) for metric, options in plan.metrics.items()}

    def keeps(name: str) -> bool:
        metric, _, figure = name.partition(".")
        columns = wanted[metric]
        return columns is None or figure in columns

    return [row._replace(figures={name: value for name, value in row.figures.items() if keeps(name)}) for row in rows]


def _check_kept(plan: Plan, rows: Sequence[Row]) -> None:
    """Raises `PlanError` where no row has a figure that the plan keeps."""
    there = {name for row in rows for name in row.figures}
    for metric, options in plan.metrics.items():
        measured = [name.removeprefix(f"{metric}.") for name in there if name.startswith(f"{metric}.")]
        for column in options.get(COLUMNS, ()) if measured else ():
            if column not in measured:
                raise PlanError(f"metrics.{metric}.{COLUMNS}: no point has '{column}'{guess(column, measured)}")


def _refusal(plan: Plan, point: Point) -> str:
    """Why a point is not measured; empty where it is."""
    if point.design is None:
        return point.reason
    for metric, given in plan.metrics.items():
        check = find_metric(metric).check
        try:
            if check:
                check(point.design, measured_options(point.options(metric, given)))
        except RemoraError as error:
            return f"{metric}: {error}"
    return ""


def _measure(tasks: Sequence[Task], rows: list[Row], store: Store, workers: Workers) -> Counter[str]:
    """Do the tasks and enter what they give into the rows; how many are done, failed, and were done earlier."""
    counts: Counter[str] = Counter()
    totals = dict(Counter(task.metric for task in tasks))
    refused = sum(row.status == REFUSED for row in rows)
    with Progress(totals, refused, f"sweep of {len(rows):,} points") as shown:
        for each in do_all(store, [task.unit for task in tasks], workers, lambda work: None):
            task = tasks[each.number]
            row = rows[task.position]
            if isinstance(each.stored, Exception):
                why = _why(each.stored, row, task.metric, store.directory)
                reason = "; ".join(filter(None, [row.reason, f"{task.metric}: {why}"]))
                rows[task.position] = row._replace(status=FAILED, reason=reason)
                counts[FAILED] += 1
                shown.failed(task.metric, f"point {row.point}: {why}")
            else:
                row.figures.update({f"{task.metric}.{name}": value for name, value in each.stored["result"].items()})
                counts.update({DONE: 1, "earlier": int(each.before)})
                shown.done(task.metric, before=each.before)
    return counts


def _why(error: Exception, row: Row, metric: str, directory: Path) -> str:
    """Why a metric failed, in words; of what nobody foresaw the traceback and what was printed go into a file."""
    if isinstance(error, RemoraError | OSError) and str(error):
        return str(error)
    path = directory / "failures" / f"point-{row.point}-{metric}.txt"
    write_text(path, "\n".join([*getattr(error, "__notes__", []), f"{type(error).__name__}: {error}\n"]))
    return f"{type(error).__name__}: {error} ({path} has more)"
