"""What continual learning found, compared, drawn and put into words; of one seed, or of several with their spread."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from flow.experiments.figures import figure

SOFTWARE = "software"


def compared(replay: dict, plain: dict, software: dict) -> dict:
    """A mode's result with replay, beside what it does without and what software does."""
    return replay | {
        "baseline_mean_accuracy": software["mean_accuracy"],
        "baseline_forgetting": software["forgetting"],
        "no_replay_mean_accuracy": plain["mean_accuracy"],
        "no_replay_forgetting": plain["forgetting"],
        "no_replay_accuracy_matrix": plain["accuracy_matrix"],
        "no_replay_writes_per_device_per_sequence": plain["writes_per_device_per_sequence"],
        "below_baseline": software["mean_accuracy"] - replay["mean_accuracy"],
        "above_no_replay": replay["mean_accuracy"] - plain["mean_accuracy"],
    }


def lines_of(result: dict, spread: dict | None = None) -> tuple[str, ...]:
    """One line for each protocol and mode, with what was skipped.

    Args:
        spread: standard deviations in the structure of ``result``, where there are several seeds.
    """
    lines = []
    for name, modes in result["protocols"].items():
        for mode, found in modes.items():
            if mode != SOFTWARE:
                lines.append(_line(f"{name}, {mode}", found, spread["protocols"][name][mode] if spread else {}))
    return (*lines, *(f"{name} skipped: {why}" for name, why in result["skipped"].items()))


def _line(title: str, found: dict, spread: dict) -> str:
    def percent(key: str) -> str:
        return f"{found[key]:.1%}" + (f" ± {100 * spread[key]:.1f}" if spread else "")

    return (
        f"{title}: {percent('mean_accuracy')} with replay, {percent('no_replay_mean_accuracy')} without, "
        f"software {percent('baseline_mean_accuracy')}; forgetting {percent('forgetting')}; "
        f"{found['writes_per_device_per_sequence']:.2g} writes a device and sequence"
    )


def draw(result: dict, spread: dict | None = None) -> dict[str, Figure]:
    """A figure for each protocol: accuracy over the tasks so far, with its spread, and the first mode's matrix."""
    return {
        name: _figure(name, modes, spread["protocols"][name] if spread else None)
        for name, modes in result["protocols"].items()
    }


def _figure(name: str, modes: dict, spread: dict | None) -> Figure:
    first = next(mode for mode in modes if mode != SOFTWARE)
    drawn, (curve, map_) = figure([f"{name}: mean over the tasks so far", f"{first}, replay: accuracy matrix"])
    for mode, found in modes.items():
        for key, label, style in (
            ("accuracy_matrix", mode, "o-"),
            ("no_replay_accuracy_matrix", f"{mode}, no replay", "o--"),
        ):
            if key in found:
                # The spread of a mean over tasks is not known from that of each task; the last one is stored.
                mean = _so_far(found[key])
                (line,) = curve.plot(range(1, len(mean) + 1), mean, style, label=label, markersize=3)
                if spread:
                    deviation = spread[mode]["mean_accuracy" if label == mode else "no_replay_mean_accuracy"]
                    curve.errorbar(len(mean), mean[-1], deviation, color=line.get_color(), capsize=3)
    tasks = len(modes[first]["accuracy_matrix"])
    curve.set(xlabel="tasks learnt", ylabel="accuracy", ylim=(0, 1), xticks=range(1, tasks + 1))
    curve.legend(fontsize=7)
    extent = (0.5, tasks + 0.5, tasks + 0.5, 0.5)
    shown = map_.imshow(np.array(modes[first]["accuracy_matrix"]), vmin=0, vmax=1, extent=extent)
    map_.set(xlabel="tested on task", ylabel="after task")
    map_.grid(visible=False)
    drawn.colorbar(shown, ax=map_)
    return drawn


def _so_far(matrix: list[list[float]]) -> list[float]:
    """Mean over the tasks learnt, after each."""
    return [float(np.mean(row[: place + 1])) for place, row in enumerate(matrix)]
