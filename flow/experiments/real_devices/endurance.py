"""Endurance: how many pulses learning costs a device, by rule and row, and how long devices last.

*Wear*: ideal devices whose pulses are counted learn the whole course. *Accelerated*: the network that the ideal chip
has learnt moves to fresh devices of a small endurance and goes on learning, the tasks in turn, until they wear out.
Two endurances, the larger `FACTOR` times the smaller, extrapolate to the life of devices that last longer. They start
from a network that has learnt, because learning from nothing wears devices faster at first than ever after.
"""

from __future__ import annotations

from dataclasses import astuple
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remora.flow.experiments.learners import ChipLearner
from remora.flow.experiments.real_devices.course import Course, written
from remora.flow.experiments.runner import Conclusion, Options
from remora.flow.experiments.seeds import half_interval
from remora.flow.experiments.settings import SomeOf, Whole
from remora.flow.experiments.streams import TASKS
from remora.flow.report.figures import Chart, Curve, Guide, Map, Panel
from remora.flow.sweep.units import Context, Unit
from remora.flow.systems.crossbar.learning_kernel import learning_kernel
from remora.golden.learning.kernel.protocol import with_bias_rules
from remora.golden.learning.kernel.rules import BiasRule
from remora.golden.learning.training import accuracy
from remora.spec.crossbar.design import DesignPoint

SUMMARY = "pulses a device by rule of learning and kind of row, and its life from two accelerated wear-outs"
TAKES_SEQUENCES = True
COUNTED = {"endurance": 4e9}
"""Section ``[devices]`` of ideal devices whose pulses are counted: none of them wears out."""
RULES: dict[str, tuple[dict[str, Any], tuple[BiasRule, BiasRule]]] = {
    "accumulate": ({}, (BiasRule(), BiasRule())),
    "direct": ({"learning": {"update": "direct"}}, (BiasRule(), BiasRule())),
    "replay-1": ({"learning": {"replay_ratio": 1}}, (BiasRule(), BiasRule())),
    "half-rates": ({"learning": {"hidden_shift": 12, "readout_shift": 9}}, (BiasRule(), BiasRule())),
    "digital": ({"crossbar": {"bias": "digital"}}, (BiasRule(), BiasRule())),
    "slow-biases": ({}, (BiasRule(2), BiasRule(2))),
    "late-biases": ({}, (BiasRule(zone=4), BiasRule(zone=4))),
    "late-readout": ({}, (BiasRule(zone=4), BiasRule(zone=4, other_zone=4))),
    "late": ({}, (BiasRule(zone=8, other_zone=2), BiasRule(zone=4, other_zone=4))),
}
"""Name → section → changes of it, and how the rows of hidden layer and readout learn: the rules from ``slow-biases`` on
are under study, and no hardware has them."""
DEFAULT_RULES = ("accumulate", "direct")
REFERENCE = "accumulate"
ENDURANCE, QUICK_ENDURANCE = 100, 4
"""Pulses: the smaller of the two of the accelerated runs."""
FACTOR = 4
WORN = {"first": 0.0, "0.1 %": 0.001}
"""Share of the devices that are worn out; of 0 it is one device."""
VISIT = 100
"""Sequences of a task over those of one visit to it in the accelerated runs."""
LOOK = 10
"""New sequences between two looks at the devices."""
LONGEST = 4
"""An accelerated run gives up after so many courses."""
LIVES = (1e6, 1e9)
"""Endurances to which the life is extrapolated, in pulses."""
YEAR = 365.25 * 86400
SETTINGS = {
    "rules": SomeOf("rules of learning", tuple(RULES)),
    "endurance": Whole("pulses of the smaller endurance of the accelerated runs", 2, 100_000),
}


def plan(options: Options) -> list[Unit]:
    """A unit for each rule, and one for each of the two endurances."""
    course, units = Course.of(options), []
    rules = tuple(dict.fromkeys((REFERENCE, *options.settings.get("rules", DEFAULT_RULES))))
    for name in rules:
        changes, biases = RULES[name]
        design = course.chip(COUNTED).evolve(**changes)
        own = {"kind": "wear", "rule": name, "rows": [list(astuple(one)) for one in biases]}
        own |= {"design": written(design), **course.parameters}
        units.append(Unit(own, course.count, partial(_wear, course, design, own)))
    smaller = options.settings.get("endurance", QUICK_ENDURANCE if options.quick else ENDURANCE)
    for endurance in (smaller, FACTOR * smaller):
        design = course.chip({"endurance": float(endurance)})
        own = {"kind": "accelerated", "endurance": endurance, "visit": VISIT, "longest": LONGEST}
        own |= {"design": written(design), **course.parameters}
        units.append(Unit(own, course.count, partial(_accelerated, course, design, own)))
    return units


def _wear(course: Course, design: DesignPoint, parameters: dict, context: Context) -> dict:
    changes, biases = RULES[parameters["rule"]]
    learner = course.learnt(design, context.advance, with_bias_rules(learning_kernel(), biases))
    # Counted devices are ideal ones: their weights are whole levels, which ideal devices read in a third of the time.
    ideal = course.chip({}).evolve(crossbar=changes.get("crossbar", {}))
    tests = (course.stream.task(task)[1] for task in range(TASKS))
    reached = [accuracy(ideal, learner.weights, test.first(min(course.test_limit, len(test)))) for test in tests]
    assert learner.devices is not None
    hidden, readout = (layer.n / course.count for layer in learner.devices.layers)
    return {
        "kind": "wear", "rule": parameters["rule"], "accuracy": float(np.mean(reached)),
        "pulses": learner.counts["pulses_applied"], **_rows(design.network.features, hidden, readout),
    }  # fmt: skip


def _rows(features: int, hidden: NDArray, readout: NDArray) -> dict[str, Any]:
    """Pulses a device and new sequence: of all devices, by kind of row, and the hidden layer's row that wears most.

    Args:
        hidden, readout: (2, rows, columns), of each device.
    """
    kinds = {
        "all": np.concatenate([hidden.ravel(), readout.ravel()]),
        "input": hidden[:, :features], "state": hidden[:, features:-1], "bias": hidden[:, -1],
        "readout": readout[:, :-1], "readout bias": readout[:, -1],
    }  # fmt: skip
    found = {
        name: {"mean": float(each.mean()), "percentile_99": float(np.quantile(each, 0.99)), "worst": float(each.max())}
        for name, each in kinds.items()
    }
    means = hidden.mean((0, 2))
    return {"rows": found, "worst_row": {"row": int(means.argmax()), "mean": float(means.max())}}


def _accelerated(course: Course, design: DesignPoint, parameters: dict, context: Context) -> dict:
    """New sequences after which the first device, and a share of them, are worn out."""
    learner, endurance = course.moved(design, context), parameters["endurance"]
    visit, visits, done = max(1, course.sequences // VISIT), 0, 0
    reached: dict[str, int] = {}
    while len(reached) < len(WORN) and done < LONGEST * course.count:
        # Orders from that of the tasks on, which nothing else uses.
        for _ in course.visit(learner, visits % TASKS, visit, TASKS + visits, context.advance):
            done += 1
            if done % LOOK == 0:
                worn = _worn(learner, endurance)
                reached |= {
                    name: done for name, share in WORN.items() if name not in reached and worn >= max(share, 1e-12)
                }
        visits += 1
    return {
        "kind": "accelerated", "endurance": endurance, "reached": reached, "sequences": done,
        "worn": _worn(learner, endurance), **course.reached(learner),
    }  # fmt: skip


def _worn(learner: ChipLearner, endurance: int) -> float:
    """Share of the devices that are worn out."""
    assert learner.devices is not None
    return float(np.mean(np.concatenate([layer.n.ravel() for layer in learner.devices.layers]) >= endurance))


def conclude(options: Options, results: list[dict]) -> Conclusion:
    """Wear by rule and row, and the life that both accelerated runs extrapolate to."""
    wear = {one["rule"]: {key: one[key] for key in WEAR_KEYS} for one in results if one["kind"] == "wear"}
    reference = wear[REFERENCE]
    for one in wear.values():
        one["lost"] = reference["accuracy"] - one["accuracy"]
        one["mean_of_reference"] = one["rows"]["all"]["mean"] / max(1e-30, reference["rows"]["all"]["mean"])
    slow, fast = sorted((one for one in results if one["kind"] == "accelerated"), key=lambda one: -one["endurance"])
    lives = {}
    for name in WORN:
        if name in fast["reached"] and name in slow["reached"]:
            short, long = (one["reached"][name] / one["endurance"] for one in (fast, slow))
            lives[name] = {
                "sequences": [fast["reached"][name], slow["reached"][name]],
                "sequences_per_pulse": [short, long],
                "disagreement": abs(long - short) / long,
                "years": {f"{endurance:.0e}": long * endurance / YEAR for endurance in LIVES},
            }
    accelerated = {
        "endurances": [fast["endurance"], slow["endurance"]],
        "worn": [fast["worn"], slow["worn"]],
        "accuracy": [fast["accuracy"], slow["accuracy"]],
        "lives": lives,
    }
    result = {"wear": wear, "accelerated": accelerated, "accuracy": reference["accuracy"]}
    return Conclusion(result, _charts(result), _lines(result))


WEAR_KEYS = ("accuracy", "pulses", "rows", "worst_row")


def over_seeds(mean: dict, spread: dict) -> Conclusion:
    """The same of several seeds."""
    return Conclusion({}, _charts(mean), _lines(mean, spread))


STATISTICS = {"mean": "mean", "percentile_99": "99 %", "worst": "worst"}


def _charts(result: dict) -> dict[str, Chart]:
    wear = result["wear"]
    charts = {"rules": _map("all devices", "rule", {rule: one["rows"]["all"] for rule, one in wear.items()})}
    charts |= {f"rows-{rule}": _map(rule, "rows", one["rows"]) for rule, one in wear.items()}
    curves: list[Curve | Guide] = []
    found = result["accelerated"]
    x = found["endurances"]
    for name, life in found["lives"].items():
        curves += [
            Curve(f"{name} worn out", x, life["sequences"], line=""),
            Guide(f"{name}, in proportion", x, [one * life["sequences_per_pulse"][1] for one in x]),
        ]
    if curves:
        panel = Panel("accelerated wear-out", "endurance, pulses", "new sequences until worn out", curves, True, True)
        charts["life"] = Chart([panel])
    return charts


def _map(title: str, y: str, rows: dict[str, dict[str, float]]) -> Chart:
    values = [[max(LEAST, one[key]) for key in STATISTICS] for one in rows.values()]
    text = [[f"{value:.2g}" for value in row] for row in values]
    shown = Map(
        tuple(STATISTICS.values()), list(rows), values, "pulses a device and new sequence", text, logarithmic=True
    )
    return Chart([Panel(title, "device", y, [shown])])


LEAST = 1e-9
"""Drawn in place of no pulse at all, since the colours are logarithmic."""


def _lines(result: dict, spread: dict | None = None) -> tuple[str, ...]:
    lines = []
    for rule, one in result["wear"].items():
        rows, within = one["rows"], ""
        if spread:
            within = f" ± {100 * half_interval(spread['wear'][rule]['lost'], len(result['seeds'])):.1f}"
        every = ", ".join(f"{name} {rows['all'][key]:.2g}" for key, name in STATISTICS.items())
        most = ", ".join(f"{kind} {rows[kind]['worst']:.2g}" for kind in rows if kind != "all")
        lines.append(
            f"{rule}: {one['accuracy']:.1%} ({0 - 100 * one['lost']:+.1f}{within}); "
            f"pulses a device and new sequence: {every}; worst by row: {most}"
        )
    found = result["accelerated"]
    low, high = found["endurances"]
    for name, life in found["lives"].items():
        years = ", ".join(f"{value:.3g} years at {key} pulses" for key, value in life["years"].items())
        lines.append(
            f"{name} worn out: {life['sequences'][0]:,.0f} new sequences at {low:.0f} pulses, "
            f"{life['sequences'][1]:,.0f} at {high:.0f}; the extrapolations differ by {life['disagreement']:.0%}; "
            f"at one new sequence a second {years}"
        )
    lines += [
        f"{name}: not every accelerated run wore them out in {LONGEST} courses"
        for name in WORN
        if name not in found["lives"]
    ]
    return tuple(lines)
