"""A table of chips: each learns, takes over the ideal chip's network, and heals there, beside the ideal chip.

*Learnt*: the chip itself learns. *Moved*: the network that the ideal chip has learnt is programmed as exactly as the
devices take it, and some chips age then. *Healed*: healing replays of the ideal chip's reservoir follow, a number that
is fixed beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from remora.flow.experiments.learners import ChipLearner
from remora.flow.experiments.real_devices.course import Course, heal, written
from remora.flow.experiments.runner import Options
from remora.flow.experiments.seeds import half_interval
from remora.flow.experiments.settings import Whole
from remora.flow.report.figures import Chart, Map, Panel
from remora.flow.sweep.units import Context, Unit
from remora.spec.crossbar.design import DesignPoint
from remora.spec.devices.model import ticks

HEAL, QUICK_HEAL = 50_000, 300
"""Healing replays: 50,000 are some ten seconds of a chip at 20 MHz."""
HEAL_SETTING = Whole("healing replays", 1, 10_000_000)
IDEAL = "ideal"
COLUMNS = ("learnt", "moved", "healed")


def chip_units(
    options: Options,
    chips: Mapping[str, Mapping[str, Any]],
    ages: Mapping[str, float],
    others: Mapping[str, Mapping[str, Mapping[str, Any]]] | None = None,
) -> list[Unit]:
    """Two units a chip, what it learns and what moves to it; the ideal chip first.

    Args:
        chips: name → section ``[devices]``, without the ideal chip.
        ages: name → seconds by which a chip ages after the network has moved to it; such a chip does not learn.
        others: name → section → fields in which a chip differs from the ideal one besides.
    """
    course = Course.of(options)
    count = options.settings.get("heal", QUICK_HEAL if options.quick else HEAL)
    units = []
    for name, section in {IDEAL: {}, **chips}.items():
        design = course.chip(section, (others or {}).get(name))
        parameters = {"chip": name, "design": written(design), **course.parameters}
        if name not in ages:
            own = {"kind": "learn", **parameters}
            units.append(Unit(own, course.count, partial(_learn, course, design, own)))
        own = {"kind": "move", "age": ages.get(name, 0), "heal": count, **parameters}
        units.append(Unit(own, count, partial(_move, course, design, own)))
    return units


def _learn(course: Course, design: DesignPoint, parameters: dict, context: Context) -> dict:
    said = {"kind": "learn", "chip": parameters["chip"]}
    if design.devices.ideal:
        checkpoint = course.ideal(context)
        learner, pulses = ChipLearner.of(design, checkpoint), checkpoint.metadata["pulses"]
    else:
        learner = course.learnt(design, context.advance)
        pulses = learner.counts["pulses_applied"]
    return {**said, **course.reached(learner), "pulses": pulses, "worst_device": _worst(learner)}


def _worst(learner: ChipLearner) -> int | None:
    """Pulses of the device that took most; those of ideal devices are not counted."""
    devices = learner.devices
    return max(int(layer.n.max()) for layer in devices.layers) if devices else None


def _move(course: Course, design: DesignPoint, parameters: dict, context: Context) -> dict:
    """The ideal chip's network on a chip, before and after healing."""
    learner = course.moved(design, context)
    if parameters["age"]:
        learner.age(ticks(design.devices, parameters["age"]))
    moved = course.reached(learner)
    heal(learner, parameters["heal"], context.advance)
    found = {"moved": moved, "healed": course.reached(learner), "heal": parameters["heal"]}
    return {"kind": "move", "chip": parameters["chip"], **found}


def chip_table(results: list[dict]) -> dict[str, Any]:
    """``chips``, a row a chip: accuracy learnt, moved and healed, points lost against the ideal chip, and pulses."""
    learnt = {one["chip"]: one for one in results if one["kind"] == "learn"}
    moved = {one["chip"]: one for one in results if one["kind"] == "move"}
    control = learnt[IDEAL]
    chips = {}
    for name, found in moved.items():
        own = learnt.get(name)
        chips[name] = {
            "moved": found["moved"]["accuracy"],
            "healed": found["healed"]["accuracy"],
            "healed_share": found["healed"]["accuracy"] / control["accuracy"],
            "lost_moved": control["accuracy"] - found["moved"]["accuracy"],
            "lost_healed": control["accuracy"] - found["healed"]["accuracy"],
        }
        if own:
            chips[name] |= {
                "learnt": own["accuracy"],
                "lost_learnt": control["accuracy"] - own["accuracy"],
                "pulses": own["pulses"],
                "pulses_of_ideal": own["pulses"] / max(1, control["pulses"]),
            }
            chips[name] |= {"worst_device": own["worst_device"]} if own["worst_device"] is not None else {}
    return {"chips": chips, "heal": moved[IDEAL]["heal"], "accuracy": control["accuracy"]}


def table_charts(result: dict, spread: dict | None = None) -> dict[str, Chart]:
    """Accuracies, and points lost with the 95 % interval of their mean where there are several seeds."""
    rows = list(result["chips"])
    chips = [result["chips"][name] for name in rows]
    values = [[one.get(column, float("nan")) for column in COLUMNS] for one in chips]
    text = [[f"{value:.1%}" if value == value else "" for value in row] for row in values]
    reached = Map(COLUMNS, rows, values, "accuracy, share of sequences", text, 0, 1)
    lost = [[100 * one.get(f"lost_{column}", float("nan")) for column in COLUMNS] for one in chips]
    widths = intervals(result, spread, rows)
    said = [[_signed(*pair) for pair in zip(one, width, strict=True)] for one, width in zip(lost, widths, strict=True)]
    title, x = "permuted MNIST on real devices", "how the chip got its network"
    return {
        "chips": Chart([Panel(title, x, "devices", [reached])]),
        "lost": Chart([Panel("below the ideal chip", x, "devices", [
            Map(COLUMNS, rows, lost, "points of accuracy lost", said),
        ])]),
    }  # fmt: skip


def intervals(mean: dict, spread: dict | None, rows: list[str]) -> list[list[float | None]]:
    """Half the 95 % interval of the mean points lost, a row a chip; None of one seed, and where a column is missing."""
    if spread is None:
        return [[None] * len(COLUMNS) for _ in rows]
    seeds = len(mean["seeds"])
    each = [[spread["chips"][row].get(f"lost_{column}") for column in COLUMNS] for row in rows]
    return [[None if one is None else 100 * half_interval(one, seeds) for one in row] for row in each]


def _signed(lost: float, width: float | None) -> str:
    if lost != lost:
        return ""
    return f"{lost:.1f}" if width is None else f"{lost:.1f} ± {width:.1f}"


def table_lines(result: dict, spread: dict | None = None) -> tuple[str, ...]:
    """A line a chip; with the 95 % interval of the mean points lost where there are several seeds."""
    rows = list(result["chips"])
    widths = intervals(result, spread, rows)
    lines = [f"ideal devices: {result['accuracy']:.1%}; {round(result['heal']):,} healing replays"]
    for name, row in zip(rows, widths, strict=True):
        one, parts = result["chips"][name], []
        for column, width in zip(COLUMNS, row, strict=True):
            if column in one:
                within = "" if width is None else f" ± {width:.1f}"
                parts.append(f"{column} {one[column]:.1%} ({0 - 100 * one[f'lost_{column}']:+.1f}{within})")
        pulses = f", {one['pulses_of_ideal']:.2g} times the pulses" if "pulses_of_ideal" in one else ""
        lines.append(f"{name}: {', '.join(parts)}{pulses}")
    if spread:
        lines.append("(points against the ideal chip of the same seed ± half the 95 % interval of their mean)")
    return tuple(lines)
