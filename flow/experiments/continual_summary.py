"""What continual learning found, compared, drawn and put into words; of one seed, or of several with their spread."""

from __future__ import annotations

import numpy as np

from remora.flow.report.figures import Chart, Curve, Map, Panel

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


def draw(result: dict, spread: dict | None = None) -> dict[str, Chart]:
    """A chart for each protocol: accuracy over the tasks so far, with its spread, and the first mode's matrix."""
    return {
        name: _chart(name, modes, spread["protocols"][name] if spread else None)
        for name, modes in result["protocols"].items()
    }


def _chart(name: str, modes: dict, spread: dict | None) -> Chart:
    first = next(mode for mode in modes if mode != SOFTWARE)
    curves = []
    for number, (mode, found) in enumerate(modes.items()):
        for prefix, label, line in (("", mode, "-"), ("no_replay_", f"{mode}, no replay", "--")):
            if f"{prefix}accuracy_matrix" in found:
                mean = _so_far(found[f"{prefix}accuracy_matrix"])
                # The spread of a mean over tasks is not known from that of each task; the last one is stored.
                deviation = [None] * (len(mean) - 1) + [spread[mode][f"{prefix}mean_accuracy"]] if spread else None
                curves.append(Curve(label, range(1, len(mean) + 1), mean, deviation, line, number))
    matrix = modes[first]["accuracy_matrix"]
    tasks = range(1, len(matrix) + 1)
    text = [[f"{value:.2f}" for value in row] for row in matrix]
    share, title = "accuracy, share of sequences", f"{name}: mean over the tasks so far"
    shown = Map(tasks, tasks, matrix, share, text, 0, 1)
    return Chart(
        [
            Panel(title, "tasks learnt", share, curves, y_span=(0, 1), x_ticks=tasks),
            Panel(f"{first} with replay, task by task", "tested on task", "after task", [shown]),
        ]
    )


def _so_far(matrix: list[list[float]]) -> list[float]:
    """Mean over the tasks learnt, after each."""
    return [float(np.mean(row[: position + 1])) for position, row in enumerate(matrix)]
