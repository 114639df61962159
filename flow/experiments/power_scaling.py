"""How power grows with the width d of the core: cells against mirrors, by the charge meter of the integer model.

Random networks whose parameters follow one distribution at every width, on random features of the same distribution as
normalised ones. Recurrence is in the cells: their power is to grow as d. The d × d mirrors' is to grow as d². Exponents
are slopes of straight lines through logarithms of power and width.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from remora.flow.experiments.runner import Conclusion, Options
from remora.flow.report.figures import Chart, Curve, Panel
from remora.flow.sweep.units import Context, Unit
from remora.golden.bmru.codes import BmruCodes
from remora.golden.bmru.core import BRANCHES, BmruCore
from remora.spec.bmru.design import BmruDesign
from remora.spec.bmru.scan import groups
from remora.spec.lib.rng import Purpose, draw
from remora.spec.presets import load_design

SUMMARY = "power of cells and mirrors over the width of the core, with the exponents"
WIDTHS = (4, 8, 16, 32, 64, 128, 256, 512)
NETWORKS, QUICK_NETWORKS = 4, 1
CLIPS, FRAMES = 2, 6
SETTLED = 2
"""Frames before those that count, so that states are no longer those of the start."""
FEATURE_LIMIT = 173
"""Uniform codes up to ±1.73 nA have a standard deviation of 1 nA, as normalised features have."""
RANGES = {
    "weight": (-2, 2),
    "input.weight": (-16, 16),
    "output.weight": (-16, 16),
    "input.bias": (-50, 50),
    "first.bias": (0, 60),
    "second.bias": (-40, 0),
    "output.bias": (-50, 50),
    "threshold": (20, 60),
    "hysteresis": (10, 20),
    "gain": (20, 140),
}
"""Uniform codes of each kind of element, by the end of its group's name: the longest that fits counts."""
TARGETS = {"cells": (1.0, 0.05), "square mirrors": (2.0, 0.1)}
PARTS = {
    "cells": ("cells",),
    "square mirrors": ("first", "second"),
    "other mirrors": ("input", "output"),
    "whole core": BRANCHES,
}
"""What is fitted → its branches."""


def plan(options: Options) -> list[Unit]:
    """One unit a width and network."""
    base, units = load_design("kws", BmruDesign), []
    for width in WIDTHS:
        design = base.evolve(name=f"width{width}", network={"width": width})
        for number in range(QUICK_NETWORKS if options.quick else NETWORKS):
            # Networks of their own for every seed.
            seed = (options.seed * NETWORKS + number) % 2**32
            parameters = {"width": width, "seed": seed, "ranges": RANGES, "design": design.model_dump(mode="json")}
            units.append(Unit(parameters, CLIPS, partial(_measure, design, seed)))
    return units


def random_codes(design: BmruDesign, seed: int) -> BmruCodes:
    """Uniform codes by `RANGES`, from the seed."""
    arrays = {}
    for lane, group in enumerate(groups(design)):
        ending = max((name for name in RANGES if group.name.endswith(name)), key=len)
        low, high = RANGES[ending]
        words = draw(seed, Purpose.SYNTHETIC_DATA, 0, np.arange(group.elements), lane).astype(np.int64)
        arrays[group.name] = (low + (words * (high - low + 1) >> 32)).astype(np.int32).reshape(group.shape)
    return BmruCodes(design, arrays)


def _measure(design: BmruDesign, seed: int, context: Context) -> dict:
    shape = (CLIPS, FRAMES, design.network.features)
    words = draw(seed, Purpose.SYNTHETIC_DATA, 1, np.arange(np.prod(shape))).astype(np.int64)
    features = (words * (2 * FEATURE_LIMIT + 1) >> 32) - FEATURE_LIMIT
    run = BmruCore(design, random_codes(design, seed)).run(features.reshape(shape))
    frames = CLIPS * (FRAMES - SETTLED)
    context.advance(CLIPS)
    return {
        "width": design.network.width,
        "seed": seed,
        "branches_nw": {
            name: design.power_nw(int(charge[:, SETTLED:].sum()), frames) for name, charge in run.charges.items()
        },
        "cells_set": float(run.state[:, SETTLED:].mean()),
    }


def exponent(widths: list[int], powers: list[float]) -> float:
    """Slope of log power over log width by least squares."""
    return float(np.polyfit(np.log(widths), np.log(powers), 1)[0])


def conclude(options: Options, results: list[dict]) -> Conclusion:
    """Mean power of each part at every width, exponents, and whether they are where they should be."""
    widths = sorted({one["width"] for one in results})
    powers = {part: _mean_power(results, widths, names) for part, names in PARTS.items()}
    exponents = {part: exponent(widths, values) for part, values in powers.items()}
    curves = [Curve(f"{part}: d^{exponents[part]:.2f}", widths, values) for part, values in powers.items()]
    panel = Panel("power over width", "width d, cells of a block", "mean power, nW", curves, True, True, x_ticks=widths)
    met = {part: abs(exponents[part] - goal) <= within for part, (goal, within) in TARGETS.items()}
    lines = [
        f"{part}: d^{exponents[part]:.3f}, {values[0]:.1f} nW at {widths[0]} to {values[-1]:,.0f} nW at {widths[-1]}"
        for part, values in powers.items()
    ]
    for part, (goal, within) in TARGETS.items():
        lines.append(f"{part}: {goal:g} ± {within:g} expected, {'reached' if met[part] else 'missed'}")
    cell = {width: powers["cells"][index] / (2 * width) for index, width in enumerate(widths)}
    result = {"widths": widths, "power_nw": powers, "exponents": exponents, "targets_met": met, "nw_a_cell": cell}
    return Conclusion(result | {"networks": results}, {"power": Chart([panel])}, tuple(lines))


def _mean_power(results: list[dict], widths: list[int], branches: tuple[str, ...]) -> list[float]:
    """nW of some branches at each width, mean over networks."""
    powers: dict[int, list[float]] = {width: [] for width in widths}
    for one in results:
        powers[one["width"]].append(sum(one["branches_nw"][name] for name in branches))
    return [float(np.mean(values)) for values in powers.values()]
