"""Running a sweep: every metric of every point, rows as CSV and Parquet, and the Pareto front."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from remora.flow.report.console import write_json
from remora.flow.report.provenance import provenance
from remora.flow.sweep.live import Progress
from remora.flow.sweep.metrics import columns_of, find_metric, unit_of, without_columns
from remora.flow.sweep.pareto import Weighed
from remora.flow.sweep.plan import Plan
from remora.flow.sweep.points import Point, points_of
from remora.flow.sweep.table import DONE, FAILED, REFUSED, Row, write_tables
from remora.flow.sweep.units import Store, Unit
from remora.flow.sweep.workers import Workers, do_all
from remora.spec.lib.errors import RemoraError
from remora.spec.lib.section import Design

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
    counts = _measure(plan, tasks, rows, Store("sweep", VERSION, directory), workers)
    refused = sum(row.status == REFUSED for row in rows) * len(plan.metrics)
    result: dict[str, Any] = {"config": plan.config, "points": len(rows), "units": len(tasks) + refused}
    result |= {"done": counts[DONE], "refused": refused, "failed": counts[FAILED], "earlier": counts["earlier"]}
    names = [path.name for path in write_tables(rows, directory)]
    if plan.pareto:
        # The tables are there already should the plan name a column that they do not have.
        weighed = Weighed(plan.pareto, rows)
        write_tables(weighed.rows, directory)
        names += weighed.chart().write(directory, "pareto").values()
    result |= {"files": names, "plan": plan.model_dump(mode="json"), **provenance(plan.seed)}
    write_json(directory / "sweep.json", result)
    return result


def _refusal(plan: Plan, point: Point) -> str:
    """Why a point is not measured; empty where it is."""
    if point.design is None:
        return point.reason
    for metric, given in plan.metrics.items():
        check = find_metric(metric).check
        try:
            if check:
                check(point.design, without_columns(point.options(metric, given)))
        except RemoraError as error:
            return f"{metric}: {error}"
    return ""


def _measure(plan: Plan, tasks: Sequence[Task], rows: list[Row], store: Store, workers: Workers) -> Counter[str]:
    """Do the tasks and enter what they give into the rows; how many are done, failed, and were done earlier."""
    counts: Counter[str] = Counter()
    totals = dict(Counter(task.metric for task in tasks))
    refused = sum(row.status == REFUSED for row in rows)
    with Progress(totals, refused, f"sweep of {len(rows):,} points") as shown:
        for each in do_all(store, [task.unit for task in tasks], workers, lambda work: None):
            task = tasks[each.number]
            row = rows[task.position]
            if isinstance(each.stored, Exception):
                why = str(each.stored) or type(each.stored).__name__
                reason = "; ".join(filter(None, [row.reason, f"{task.metric}: {why}"]))
                rows[task.position] = row._replace(status=FAILED, reason=reason)
                counts[FAILED] += 1
                shown.failed(task.metric, f"point {row.point}: {why}")
            else:
                row.figures.update(columns_of(task.metric, each.stored["result"], plan.metrics[task.metric]))
                counts.update({DONE: 1, "earlier": int(each.before)})
                shown.done(task.metric, before=each.before)
    return counts
