"""What a bistable cell keeps out: the error of the candidate that enters it against that of the state that leaves it.

A core with noise or mismatch and an ideal one of the same codes see the same clips, each running on its own, so that a
candidate's error holds all that came through the layers and cells before it. For each cell:

- candidate error: mean over frames of |ĥ' − ĥ|, ĥ = relu of the node's current;
- state error: mean over frames of |h' − h|, h the current that the cell puts out;
- suppression: the one over the other, over the frames in which the cell stands as in the ideal core. Median and least
  over cells. A state is one of two currents, which depend on the bias currents alone: under noise and mismatch equal
  states put out equal currents, so this is infinite by construction, and says no more than that nothing leaks through.
  Bias errors move the currents themselves, and here it is a finding.
- flips, apart: frames in which the cell stands differently; suppression with flips counts their error too, over all
  frames. Under noise and mismatch it is the one of the two that can miss the target.

The target is a median over cells of at least 20. Each point says whether it is reached outside flips, and with them.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from remora.flow.experiments.runner import Conclusion, Options
from remora.flow.report.figures import Chart, Curve, Guide, Panel
from remora.flow.sweep.units import Context, Unit
from remora.flow.systems.bmru.evaluation import Spotter
from remora.flow.systems.bmru.networks import bundled_network, load_clips
from remora.golden.bmru.core import BmruCore, CoreRun
from remora.golden.lib import bmru
from remora.spec.bmru.design import BmruDesign
from remora.spec.presets import load_design

SUMMARY = "how much of the noise and mismatch at a cell's input leaves the cell"
PRESETS = ("kws", "kws16")
CLIPS, QUICK_CLIPS = 299, 24
LEVELS = {
    "noise": ("noise_pa", (2, 5, 10, 20, 50, 100, 200)),
    "mismatch": ("mismatch_amplitude", (2, 5, 10, 20, 50)),
    "bias_error": ("bias_error_amplitude", (2, 5, 10, 20, 50)),
}
"""Switch → field of its amplitude (pA rms, or 1/1024 rms) and the amplitudes."""
QUICK_LEVELS = 3
TARGET = 20
"""The paper's least ratio of candidate error to state error."""


def plan(options: Options) -> list[Unit]:
    """One unit a preset, kind of error and amplitude; clips of the test split, which the bundled networks never saw."""
    clips = load_clips().of("test")
    count = QUICK_CLIPS if options.quick else CLIPS
    # Spread over the split, which is sorted by word.
    clips = clips.where(np.linspace(0, len(clips) - 1, min(count, len(clips))).astype(int))
    units = []
    for preset in PRESETS[:1] if options.quick else PRESETS:
        design = load_design(preset, BmruDesign)
        network = bundled_network(design)
        spotter = Spotter(design, network, clips)
        for switch, (field, amplitudes) in LEVELS.items():
            for amplitude in amplitudes[::QUICK_LEVELS] if options.quick else amplitudes:
                disturbed = design.evolve(nonidealities={"seed": options.seed, **{switch: True, field: amplitude}})
                parameters = {
                    "design": disturbed.model_dump(mode="json"),
                    "network": {name: array.tolist() for name, array in network.arrays().items()},
                    "data": clips.digest,
                }
                work = partial(_disturb, spotter, disturbed, switch, amplitude)
                units.append(Unit(parameters, len(clips), work))
    return units


def _disturb(spotter: Spotter, disturbed: BmruDesign, switch: str, amplitude: int, context: Context) -> dict:
    core = BmruCore(disturbed, spotter.codes)
    frames = spotter.clips.x.shape[1]
    found = core.run(spotter.feature_codes, np.arange(len(spotter.clips)) * frames)
    ideal = spotter.in_codes
    errors = cell_errors(BmruCore(spotter.design, spotter.codes), ideal, core, found)
    decided = [bmru.vote(run.decision, spotter.design.network.classes) for run in (ideal, found)]
    context.advance(len(spotter.clips))
    return {
        "preset": spotter.design.name,
        "kind": switch,
        "amplitude": amplitude,
        **errors,
        "clips_alike": float(np.mean(decided[0] == decided[1])),
        "accuracy": float(np.mean(decided[1] == spotter.clips.y)),
        "ideal_accuracy": float(np.mean(decided[0] == spotter.clips.y)),
    }


def cell_errors(ideal_core: BmruCore, ideal: CoreRun, core: BmruCore, found: CoreRun) -> dict:
    """Errors of every cell, block after block, in pA, and the share of frames in which it stands differently."""
    candidates = np.abs(np.maximum(found.candidate, 0) - np.maximum(ideal.candidate, 0).astype(np.int64))
    states = np.abs(cell_currents(core, found) - cell_currents(ideal_core, ideal))
    flipped = found.state != ideal.state
    frames = (0, 1)
    held = np.maximum((~flipped).sum(axis=frames), 1)
    return {
        "candidate_error_pa": candidates.mean(axis=frames).ravel().tolist(),
        "state_error_pa": states.mean(axis=frames).ravel().tolist(),
        "held_candidate_error_pa": ((candidates * ~flipped).sum(axis=frames) / held).ravel().tolist(),
        "held_state_error_pa": ((states * ~flipped).sum(axis=frames) / held).ravel().tolist(),
        "flips": flipped.mean(axis=frames).ravel().tolist(),
    }


def cell_currents(core: BmruCore, run: CoreRun) -> NDArray[np.int64]:
    """Currents that the cells put out, (clips, frames, blocks, width) pA."""
    leakage = core.design.cell.leakage_pa
    currents = [biases.output(run.state[:, :, block], leakage) for block, biases in enumerate(core.biases)]
    return np.stack(currents, axis=2).astype(np.int64)


def suppression(candidate_errors: list[float], state_errors: list[float]) -> NDArray[np.float64]:
    """Factor of each cell; infinite where the state never erred, and left out where the candidate did not either."""
    candidate, state = np.array(candidate_errors), np.array(state_errors)
    entered = candidate > 0
    with np.errstate(divide="ignore"):
        return candidate[entered] / state[entered]


def conclude(options: Options, results: list[dict]) -> Conclusion:
    """Suppression at every amplitude, with its least, and the flips."""
    points, lines = [], []
    for one in results:
        held = suppression(one["held_candidate_error_pa"], one["held_state_error_pa"])
        everywhere = suppression(one["candidate_error_pa"], one["state_error_pa"])
        points.append(
            {key: one[key] for key in ("preset", "kind", "amplitude", "clips_alike", "accuracy", "ideal_accuracy")}
            | {
                **_factors(held, ""),
                "cells_without_state_error": int(np.isinf(held).sum()),
                **_factors(everywhere, "_with_flips"),
                "median_candidate_error_pa": float(np.median(one["candidate_error_pa"])),
                "cells": len(one["flips"]),
                "flips": float(np.mean(one["flips"])),
                "most_flips": max(one["flips"]),
            }
        )
        lines.append(_line(points[-1]))
    met = {key: sum(bool(one[key]) for one in points) for key in ("target_met", "target_met_with_flips")}
    lines.append(
        f"a median of {TARGET} times: reached at {met['target_met']} of {len(points)} points outside flips "
        f"(by construction under noise and mismatch), at {met['target_met_with_flips']} with flips counted"
    )
    result = {"target": TARGET, "points_met": met, "points": points, "cells": results}
    return Conclusion(result, {"suppression": _chart(results, points)}, tuple(lines))


def _factors(factors: NDArray[np.float64], suffix: str) -> dict[str, float | str | bool | None]:
    """Median and least over cells, and whether the median reaches the target; None where no candidate erred."""
    median, least = (float(np.median(factors)), float(factors.min())) if factors.size else (None, None)
    return {
        f"median_suppression{suffix}": _json(median),
        f"least_suppression{suffix}": _json(least),
        f"target_met{suffix}": None if median is None else median >= TARGET,
    }


def _json(value: float | None) -> float | str | None:
    """JSON has no infinity."""
    return "infinite" if value is not None and np.isinf(value) else value


def _line(point: dict) -> str:
    keys = ("median_suppression", "least_suppression", "median_suppression_with_flips")
    median, least, flipped = (_word(point[key]) for key in keys)
    reached = ["reached" if point[key] else "missed" for key in ("target_met", "target_met_with_flips")]
    return (
        f"{point['preset']}, {point['kind']} {point['amplitude']}: candidate error "
        f"{point['median_candidate_error_pa']:.0f} pA, suppression {median} in the median ({TARGET}: {reached[0]}), "
        f"{least} at the least; {point['flips']:.3%} of frames flip, with these {flipped} ({reached[1]}); "
        f"{point['clips_alike']:.1%} of clips decided alike"
    )


def _word(value: float | str | None) -> str:
    return f"{value:.1f}" if isinstance(value, float) else value or "unknown"


def _chart(results: list[dict], points: list[dict]) -> Chart:
    """Errors of every cell, one against the other, and the flips over the amplitude."""
    errors: list[Curve | Guide] = []
    flips = []
    for number, kind in enumerate(LEVELS):
        chosen = [one for one in results if one["kind"] == kind]
        entered, left = ([value for one in chosen for value in one[key]] for key in _ERRORS)
        # A cell whose candidate never erred has no suppression.
        pairs = [(x, max(y, _FLOOR_PA)) for x, y in zip(entered, left, strict=True) if x > 0]
        if pairs:
            x, y = zip(*pairs, strict=True)
            errors.append(Curve(kind.replace("_", " "), x, y, line="", colour=number))
        for line, preset in zip(("-", "--", ":"), dict.fromkeys(point["preset"] for point in points), strict=False):
            found = [one for one in points if (one["preset"], one["kind"]) == (preset, kind)]
            amplitudes, shares = ([one[key] for one in found] for key in ("amplitude", "flips"))
            label = f"{preset}, {kind.replace('_', ' ')}"
            flips.append(Curve(label, amplitudes, shares, line=line, colour=number))
    ends = [min((min(one.x) for one in errors), default=1), max((max(one.x) for one in errors), default=1)]
    errors.append(Guide("no suppression", ends, ends))
    errors.append(Guide(f"{TARGET} times", ends, [end / TARGET for end in ends], "--"))
    floor = f"state error, pA ({_FLOOR_PA:g}: none)"
    return Chart(
        [
            Panel("errors of each cell", "candidate error, pA", floor, errors, True, True),
            Panel(
                "frames in which a cell stands differently", "amplitude: noise in pA, others in 1/1024",
                "share of frames", flips, True, x_ticks=sorted({one["amplitude"] for one in points}),
            ),
        ]
    )  # fmt: skip


_ERRORS = ("candidate_error_pa", "state_error_pa")
_FLOOR_PA = 1e-3
