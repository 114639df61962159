"""Requirements: how much of each non-ideality a chip tolerates for a loss of one, three and five points of accuracy.

A ladder of severities for each non-ideality, the others off: learnt, moved and healed, beside the ideal chip. The
tolerated severity is where the loss first passes the points, on straight lines from none on between the rungs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from remora.flow.experiments.real_devices.rungs import (
    COLUMNS,
    HEAL_SETTING,
    IDEAL,
    chip_table,
    chip_units,
    table_lines,
)
from remora.flow.experiments.runner import Conclusion, Options
from remora.flow.experiments.settings import SomeOf
from remora.flow.report.figures import Chart, Curve, Guide, Map, Panel
from remora.flow.sweep.units import Unit

SUMMARY = "the spread, asymmetry, noise, drift and yield that are tolerated for a loss of 1, 3 and 5 points"
TAKES_SEQUENCES = True
LEVEL = 1 / 31
"""Of the range, of 32 levels."""
TEN_YEARS = 10 * 365.25 * 86400
POINTS = (1, 3, 5)


@dataclass(frozen=True)
class Ladder:
    """Severities of one non-ideality.

    Attributes:
        quantity: what a severity is, with its unit.
        severities: rising; none of it is 0.
        section: severity → section ``[devices]``.
        seconds: by which a chip ages after the network has moved to it; such chips do not learn.
    """

    quantity: str
    severities: tuple[float, ...]
    section: Callable[[float], dict[str, Any]]
    seconds: float = 0.0

    def name(self, kind: str, severity: float) -> str:
        """Of a chip."""
        return f"{kind}-{severity:g}"


LADDERS = {
    "spread": Ladder(
        "spread of steps and upper bounds, share", (0.05, 0.1, 0.2, 0.3, 0.5),
        lambda share: {"step_spread": share, "full_spread": share},
    ),
    "asymmetry": Ladder(
        "change of a step from its mean at either bound, share", (0.25, 0.5, 0.75, 1.0),
        lambda share: {"raise_steps": (1 + share, 1 - share), "lower_steps": (1 - share, 1 + share)},
    ),
    "cycle-noise": Ladder(
        "noise of a pulse, levels", (0.25, 0.5, 1.0, 2.0), lambda levels: {"cycle_noise_range": levels * LEVEL}
    ),
    "write-noise": Ladder(
        "noise of what a device shows after a pulse, levels", (0.25, 0.5, 1.0, 2.0),
        lambda levels: {"write_noise": (levels * LEVEL,)},
    ),
    "read-noise": Ladder(
        "noise of a sample, share of the conductance", (0.01, 0.03, 0.1, 0.3), lambda share: {"read_noise": share}
    ),
    "drift": Ladder(
        "exponent of drift, ± 30 %, after ten years", (0.002, 0.005, 0.02, 0.05),
        lambda exponent: {"drift": exponent, "drift_spread": 0.3 * exponent}, TEN_YEARS,
    ),
    "stuck": Ladder(
        "stuck devices, share", (0.005, 0.01, 0.02, 0.05, 0.1),
        lambda share: {"stuck_rest": share / 2, "stuck_full": share / 2},
    ),
    "offset": Ladder(
        "offsets of converters, codes rms", (1.0, 2.0, 4.0, 8.0), lambda codes: {"converter_offset": codes}
    ),
}  # fmt: skip
QUICK_KINDS = ("stuck",)
SETTINGS = {"kinds": SomeOf("non-idealities", tuple(LADDERS)), "heal": HEAL_SETTING}


def plan(options: Options) -> list[Unit]:
    """What chips of every rung learn, and what moves to them."""
    chips: dict[str, dict[str, Any]] = {}
    ages: dict[str, float] = {}
    for kind, ladder in _ladders(options).items():
        for severity in ladder.severities:
            name = ladder.name(kind, severity)
            chips[name] = ladder.section(severity)
            ages |= {name: ladder.seconds} if ladder.seconds else {}
    return chip_units(options, chips, ages)


def _ladders(options: Options) -> dict[str, Ladder]:
    kinds = options.settings.get("kinds", QUICK_KINDS if options.quick else tuple(LADDERS))
    return {kind: LADDERS[kind] for kind in kinds}


def conclude(options: Options, results: list[dict]) -> Conclusion:
    """The table of the chips, and what is tolerated."""
    table = chip_table(results) | {"kinds": list(_ladders(options))}
    result = table | {"tolerated": tolerances(table)}
    return Conclusion(result, _charts(result), _lines(result))


def over_seeds(mean: dict, spread: dict) -> Conclusion:
    """The same of several seeds: what is tolerated follows from the mean loss."""
    result = mean | {"tolerated": tolerances(mean)}
    return Conclusion({"tolerated": result["tolerated"]}, _charts(result, spread), _lines(result, spread))


def tolerances(table: dict) -> dict[str, dict[str, dict[str, float | None]]]:
    """Non-ideality → way → points → tolerated severity; None where the whole ladder is tolerated."""
    found: dict[str, dict[str, dict[str, float | None]]] = {}
    for kind in table["kinds"]:
        ladder = LADDERS[kind]
        names = (IDEAL, *(ladder.name(kind, severity) for severity in ladder.severities))
        severities = (0.0, *ladder.severities)
        found[kind] = {}
        for way in COLUMNS:
            if all(f"lost_{way}" in table["chips"][name] for name in names):
                lost = [100 * table["chips"][name][f"lost_{way}"] for name in names]
                found[kind][way] = {str(points): tolerated(severities, lost, points) for points in POINTS}
    return found


def tolerated(severities: tuple[float, ...], lost: list[float], points: float) -> float | None:
    """Where the loss first passes ``points``, on straight lines between severities; None where it does not.

    Args:
        severities: rising from 0.
        lost: at each of them, in points.
    """
    if lost[0] >= points:
        return 0.0
    for (low, before), (high, after) in zip(
        zip(severities, lost, strict=True), zip(severities[1:], lost[1:], strict=True), strict=False
    ):
        if after >= points:
            return low + (high - low) * (points - before) / (after - before)
    return None


def _charts(result: dict, spread: dict | None = None) -> dict[str, Chart]:
    charts = {}
    for kind in result["kinds"]:
        ladder, curves = LADDERS[kind], []
        names = [ladder.name(kind, severity) for severity in ladder.severities]
        for way in result["tolerated"][kind]:
            lost = [100 * result["chips"][name][f"lost_{way}"] for name in (IDEAL, *names)]
            deviation = [100 * spread["chips"][name][f"lost_{way}"] for name in (IDEAL, *names)] if spread else None
            curves.append(Curve(way, [0.0, *ladder.severities], lost, deviation))
        guides = [Guide(f"{points} points", [0, ladder.severities[-1]], [points] * 2, ":") for points in POINTS]
        panel = Panel(kind, ladder.quantity, "points of accuracy lost", [*curves, *guides])
        charts[kind] = Chart([panel])
    for way in COLUMNS:
        rows = [kind for kind in result["kinds"] if way in result["tolerated"][kind]]
        if rows:
            charts[f"tolerated-{way}"] = Chart([_tolerated_panel(result["tolerated"], way, rows)])
    return charts


def _tolerated_panel(found: dict, way: str, rows: list[str]) -> Panel:
    """Colours by the share of the ladder, words by the severity."""
    values, text = [], []
    for kind in rows:
        most = LADDERS[kind].severities[-1]
        each = [found[kind][way][str(points)] for points in POINTS]
        values.append([1.0 if one is None else one / most for one in each])
        text.append([f"> {most:g}" if one is None else f"{one:.2g}" for one in each])
    columns = [f"{points} point{'s' * (points > 1)}" for points in POINTS]
    shown = Map(columns, rows, values, "share of the ladder", text, 0, 1)
    return Panel(f"tolerated when {way}", "accuracy lost", "non-ideality", [shown])


def _lines(result: dict, spread: dict | None = None) -> tuple[str, ...]:
    lines = list(table_lines(result, spread))
    for kind, ways in result["tolerated"].items():
        most = LADDERS[kind].severities[-1]
        for way, found in ways.items():
            each = ", ".join(
                f"{points} points {f'> {most:g}' if one is None else f'{one:.2g}'}" for points, one in found.items()
            )
            lines.append(f"{kind} ({LADDERS[kind].quantity}), {way}: {each}")
    return tuple(lines)
