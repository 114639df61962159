"""Points of a sweep: what each changes, and the design point that this makes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from remora.flow.report.configuration import describe_fields
from remora.flow.sweep.plan import Plan, PlanError, Range
from remora.spec.lib.errors import ConfigError
from remora.spec.lib.section import Design
from remora.spec.lib.validation import guess

OPTIONS = "metrics"
"""Begins the path of a metric's option, ``metrics.train.passes``."""


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
    changes = [
        {**listed, **drawn, **combined}
        for listed, drawn, combined in product(plan.points or [{}], list(_latin(plan)) or [{}], list(_grid(plan)))
    ]
    _check_paths(plan, base)
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
    for name in dict.fromkeys(varied):
        if name.startswith(f"{OPTIONS}."):
            metric = name.split(".")[1]
            if metric not in plan.metrics:
                raise PlanError(f"{name}: the plan measures no '{metric}'; it has {', '.join(plan.metrics)}")
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
        table[name] = value
    try:
        return Point(fields, base.evolve(origin="refused", **changes) if changes else base)
    except ConfigError as error:
        return Point(fields, None, str(error).removeprefix("refused: "))
