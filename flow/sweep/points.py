"""Points of a sweep: what each changes, and the design point that this makes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from copy import deepcopy
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from remora.flow.report.configuration import describe_fields
from remora.flow.sweep.plan import MOST_POINTS, Plan, PlanError, Range
from remora.spec.lib.errors import ConfigError
from remora.spec.lib.section import Design
from remora.spec.lib.validation import guess

OPTIONS = "metrics"
"""Begins the path of a metric's option, ``metrics.train.passes``."""
COLUMNS = "columns"
"""Option of every metric: names of the figures to keep in the tables; all where it is left out."""


class Point(NamedTuple):
    """A point of a sweep.

    Attributes:
        fields: dotted path → value of what varies.
        design: with these; None where it is refused.
        reason: why it is, in words.
    """

    fields: dict[str, Any]
    design: Design | None
    reason: str = ""

    def options(self, metric: str, given: dict[str, Any]) -> dict[str, Any]:
        """Options of a metric at this point."""
        prefix = f"{OPTIONS}.{metric}."
        return given | {
            name.removeprefix(prefix): value for name, value in self.fields.items() if name.startswith(prefix)
        }


def points_of(plan: Plan, base: Design) -> list[Point]:
    """Every point in order: the grid varies fastest, its last field first.

    Args:
        base: the design point that the plan starts from.

    Raises:
        PlanError: a path names no field of the design point, and no metric of the plan.
    """
    _check_paths(plan, base)
    count = max(1, len(plan.points)) * (plan.latin.count if plan.latin else 1)
    count *= math.prod(each.steps if isinstance(each, Range) else len(each) for each in plan.grid.values())
    if count > MOST_POINTS:
        raise PlanError(f"{count:,} points: a sweep has at most {MOST_POINTS:,}")
    changes = [
        {**listed, **drawn, **combined}
        for listed, drawn, combined in product(plan.points or [{}], list(_latin(plan)) or [{}], list(_grid(plan)))
    ]
    return [_point(base, fields) for fields in changes]


def _grid(plan: Plan) -> Iterator[dict[str, Any]]:
    values = [each.values() if isinstance(each, Range) else each for each in plan.grid.values()]
    for combination in product(*values):
        yield dict(zip(plan.grid, combination, strict=True))


def _latin(plan: Plan) -> Iterator[dict[str, Any]]:
    if plan.latin is None:
        return
    from scipy.stats import qmc

    varied = plan.latin.vary
    shares = qmc.LatinHypercube(len(varied), rng=np.random.default_rng(plan.seed)).random(plan.latin.count)
    for row in shares:
        yield {name: _chosen(each, share) for (name, each), share in zip(varied.items(), row.tolist(), strict=True)}


def _chosen(varied: Range | Sequence[Any], share: float) -> Any:
    return varied.at(share) if isinstance(varied, Range) else varied[int(share * len(varied))]


def _check_paths(plan: Plan, base: Design) -> None:
    fields = {field.path for field in describe_fields(base)}
    # A field that holds a table of its own, such as a model of devices, may be given whole.
    legal = fields | {path.rpartition(".")[0] for path in fields} - {""}
    varied = [*plan.grid, *(name for point in plan.points for name in point), *(plan.latin.vary if plan.latin else ())]
    for name, each in plan.latin.vary.items() if plan.latin else ():
        if isinstance(each, Range) and (each.step, each.count) != (None, None):
            raise PlanError(f"latin: {name}: a Latin hypercube draws its values; leave step and count out")
    for name in dict.fromkeys(varied):
        if name.startswith(f"{OPTIONS}."):
            metric, *option = name.split(".")[1:]
            if metric not in plan.metrics:
                raise PlanError(f"{name}: the plan measures no '{metric}'; it has {', '.join(plan.metrics)}")
            if len(option) != 1 or option == [COLUMNS]:
                raise PlanError(f"{name}: give {OPTIONS}.{metric} and an option that changes what is measured")
        elif name not in legal:
            raise PlanError(f"{name}: no field of '{base.name}'{guess(name, legal)}; remora config show has them all")


def _point(base: Design, fields: dict[str, Any]) -> Point:
    changes: dict[str, Any] = {}
    for path, value in fields.items():
        if path.startswith(f"{OPTIONS}."):
            continue
        *sections, name = path.split(".")
        table = changes
        for section in sections:
            table = table.setdefault(section, {})
        # A table that is given whole stays the plan's own.
        table[name] = deepcopy(value)
    try:
        return Point(fields, base.evolve(origin="refused", **changes) if changes else base)
    except ConfigError as error:
        return Point(fields, None, str(error).removeprefix("refused: "))
