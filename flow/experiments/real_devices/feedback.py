"""Feedback: verified learning on real devices, points lost against pulses for several feedback gains.

Every chip learns permuted MNIST in five tasks, with replay, once without reads and once for each gain by which what its
pulses missed returns to its accumulators, beside the ideal chip of the same seed.
"""

from __future__ import annotations

from functools import partial
from statistics import fmean
from typing import Any

from remora.flow.experiments.real_devices.course import Course, written
from remora.flow.experiments.real_devices.devices import CHIPS, OTHERS
from remora.flow.experiments.runner import Conclusion, Options
from remora.flow.experiments.seeds import half_interval
from remora.flow.experiments.settings import SomeOf, Whole
from remora.flow.report.figures import Chart, Curve, Guide, Map, Panel
from remora.flow.sweep.units import Context, Unit
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.learning import MOST_VERIFY_FEEDBACK

SUMMARY = "verified learning on real devices: points lost against pulses, for six feedback gains"
TAKES_SEQUENCES = True
VERSION = 2
IDEAL = "ideal"
GAINS = (0, 1, 2, 4, 6, 8)
"""Eighths; 0 is learning without reads, since nothing returns."""
QUICK_GAINS = (0, 8)
DEFAULT_CHIPS = ("taox-hfox", "om-array", "om-reference", "spread-10", "stuck-10")
QUICK_CHIPS = ("taox-hfox",)
READS, GIVE_UP = 4, 1
GOAL_LOST, GOAL_PULSES = 4, 12
"""Points and pulses of the ideal chip's that are drawn as guides."""
SETTINGS = {
    "chips": SomeOf("kinds of devices, the ideal ones besides", tuple(name for name in CHIPS if name != IDEAL)),
    "reads": Whole("reads of a weight before and after its pulses: 1, 2, 4, 8 or 16", 1, 16),
    "gains": SomeOf("gains of the feedback, in eighths", tuple(map(str, range(MOST_VERIFY_FEEDBACK + 1)))),
    "give_up": Whole("pulses without a quarter of a level after which a weight is given up", 1, 15),
}


def plan(options: Options) -> list[Unit]:
    """A unit for each chip and gain; the ideal chip without reads first, and with the largest gain."""
    course, settings = Course.of(options), options.settings
    names = settings.get("chips", QUICK_CHIPS if options.quick else DEFAULT_CHIPS)
    gains = [int(gain) for gain in settings.get("gains", QUICK_GAINS if options.quick else GAINS)]
    pairs = [(IDEAL, 0), (IDEAL, gains[-1]), *((name, gain) for name in names for gain in gains)]
    reads = {"verify_reads": settings.get("reads", READS), "verify_give_up": settings.get("give_up", GIVE_UP)}
    units = []
    for name, gain in pairs:
        others: dict[str, dict[str, Any]] = {section: dict(each) for section, each in OTHERS.get(name, {}).items()}
        verified = {**reads, "verify_feedback": gain} if gain else {"verify_reads": 0}
        others["learning"] = {**others.get("learning", {}), **verified}
        design = course.chip(CHIPS[name], others)
        own = {"chip": name, "gain": gain, "design": written(design), **course.parameters}
        units.append(Unit(own, course.count, partial(_learn, course, design, own)))
    return units


def _learn(course: Course, design: DesignPoint, parameters: dict, context: Context) -> dict:
    learner = course.learnt(design, context.advance)
    devices, updates = learner.devices, learner.counts["sequences_presented"]
    return {
        "chip": parameters["chip"], "gain": parameters["gain"], **course.reached(learner),
        "pulses": learner.counts["pulses_applied"], "updates": updates,
        "worst_device": max(int(layer.n.max()) for layer in devices.layers) if devices else None,
        "rows_read": sum(devices.probes) / max(1, 2 * design.learning.verify_reads) / updates if devices else None,
        "more_cycles": fmean(learner.cycles) if learner.cycles else None,
    }  # fmt: skip


def conclude(options: Options, results: list[dict]) -> Conclusion:
    """Chip → a row for each gain: accuracy, points lost against the ideal chip, and pulses in units of its own."""
    (control,) = (one for one in results if (one["chip"], one["gain"]) == (IDEAL, 0))
    chips: dict[str, dict[str, dict[str, Any]]] = {}
    for one in results:
        found = {
            "accuracy": one["accuracy"], "lost": control["accuracy"] - one["accuracy"], "pulses": one["pulses"],
            "pulses_of_ideal": one["pulses"] / max(1, control["pulses"]),
        }  # fmt: skip
        more = ("worst_device", "rows_read", "more_cycles")
        found |= {key: one[key] for key in more if one[key] is not None}
        chips.setdefault(one["chip"], {})[str(one["gain"])] = found
    result = {"chips": chips, "accuracy": control["accuracy"], "helps": helps(chips)}
    return Conclusion(result, _charts(result), _lines(result))


def helps(chips: dict) -> dict[str, str]:
    """Chip → the gain that loses least, in eighths; "0" where reads do not help."""
    return {name: min(gains, key=lambda gain: gains[gain]["lost"]) for name, gains in chips.items()}


def over_seeds(mean: dict, spread: dict) -> Conclusion:
    """The same of several seeds, each chip beside the ideal one of its seed."""
    result = mean | {"helps": helps(mean["chips"])}
    return Conclusion({"helps": result["helps"]}, _charts(result, spread), _lines(result, spread))


def _charts(result: dict, spread: dict | None = None) -> dict[str, Chart]:
    curves: list[Curve | Guide] = []
    for name, gains in result["chips"].items():
        each = list(gains.values())
        deviation = [100 * spread["chips"][name][gain]["lost"] for gain in gains] if spread else None
        pulses = [max(1e-3, one["pulses_of_ideal"]) for one in each]
        curves.append(Curve(name, pulses, [100 * one["lost"] for one in each], deviation))
    most = max(one["pulses_of_ideal"] for gains in result["chips"].values() for one in gains.values())
    guides = [Guide(f"{GOAL_LOST} points", [0.5, max(GOAL_PULSES, most)], [GOAL_LOST] * 2, ":")]
    x, y = "pulses, of the ideal chip's", "points of accuracy lost"
    panel = Panel("verified learning", x, y, [*curves, *guides], True)
    rows = list(result["chips"])
    columns = list(dict.fromkeys(gain for gains in result["chips"].values() for gain in gains))
    lost = [[100 * result["chips"][name].get(gain, {}).get("lost", float("nan")) for gain in columns] for name in rows]
    text = [[f"{value:.1f}" if value == value else "" for value in row] for row in lost]
    named = [f"{int(gain)}/{MOST_VERIFY_FEEDBACK}" for gain in columns]
    table = Map(named, rows, lost, "points of accuracy lost", text)
    return {
        "pulses": Chart([panel]),
        "gains": Chart([Panel("below the ideal chip", "feedback", "devices", [table])]),
    }


def _lines(result: dict, spread: dict | None = None) -> tuple[str, ...]:
    lines = [f"ideal devices: {result['accuracy']:.1%}"]
    for name, gains in result["chips"].items():
        parts = []
        for gain, one in gains.items():
            within = ""
            if spread:
                within = f" ± {100 * half_interval(spread['chips'][name][gain]['lost'], len(result['seeds'])):.1f}"
            cycles = f" and {one['more_cycles']:.1%} more cycles" if "more_cycles" in one else ""
            at = f"{one['pulses_of_ideal']:.2g}{cycles}"
            parts.append(f"{gain}/{MOST_VERIFY_FEEDBACK} {0 - 100 * one['lost']:+.1f}{within} at {at}")
        lines.append(f"{name}: {', '.join(parts)}; least lost at {result['helps'][name]}/{MOST_VERIFY_FEEDBACK}")
    lines.append(
        "(feedback, points against the ideal chip of the same seed, at so many times its pulses, and cycles a sequence)"
    )
    return tuple(lines)
