"""What keyword spotting found: summed over folds and seeds, held against what is promised, drawn and put into words."""

from __future__ import annotations

import numpy as np

from remora.flow.report.figures import Chart, Map, Panel
from remora.flow.systems.bmru.evaluation import add_confusions, add_up, balanced
from remora.golden.data.keywords import KEYWORD

LEAST_ACCURACY = {"kws": 0.90, "kws16": 0.94}
"""Balanced, of the codes on the folds, with features normalised per clip."""
WITHIN = 0.01
"""Of the balanced accuracy in floating point: codes on the folds, hardware on the given split."""
LEAST_CLIPS_ALIKE, LEAST_STATE_BITS_ALIKE = 0.98, 0.995
"""Clips that hardware and floating point decide alike; state bits, over all cells and frames, that are the same."""


def summarise(runs: list[list[dict]], normalisation: str) -> dict:
    """One preset and normalisation over its seeds.

    Args:
        runs: of each seed the units' results, folds first, then the given split.
    """
    folded, given = [add_up(run[:-1]) for run in runs], [run[-1] for run in runs]
    summary = {}
    for name, parts in (("five_fold", folded), ("given_split", given)):
        whole = add_up(parts)
        summary[name] = {
            "float": mean_and_interval([balanced(one["float"], KEYWORD) for one in parts]),
            "codes": mean_and_interval([balanced(one["codes"], KEYWORD) for one in parts]),
            "clips_alike": whole["alike"] / whole["clips"],
            "frames_alike": whole["frames_alike"] / whole["frames"],
            "frames_of_equal_state": whole["states_alike"] / whole["frames"],
            "state_bits_alike": whole["bits_alike"] / whole["bits"],
            "confusion_float": whole["float"],
            "confusion_codes": whole["codes"],
            "saturated_features": whole["saturated"],
            "core_power_nw": whole["power_nw"],
        }
    summary["given_split"] |= _hardware(given)
    free = [one["free"] for one in given if "free" in one]
    if free:
        summary["given_split"]["free"] = {
            name: mean_and_interval([balanced(one[name], KEYWORD) for one in free]) for name in ("float", "codes")
        }
    branches = [one["branches_nw"] for run in runs for one in run[:-1]]
    summary["branches_nw"] = {name: float(np.mean([one[name] for one in branches])) for name in branches[0]}
    sliding = [one["sliding"] for run in runs for one in run[:-1] if one["sliding"]]
    if sliding:
        total = {key: sum(one[key] for one in sliding) for key in sliding[0]}
        summary["sliding_window"] = total | {
            "detected": total["hits"] / total["keywords"],
            "false_alarms_an_hour": total["false_alarms"] / total["hours"],
        }
    return summary | {"targets": _targets(runs[0][0]["preset"], normalisation, summary)}


def _targets(preset: str, normalisation: str, summary: dict) -> dict[str, dict]:
    """By name: what was found, what is promised, whether that is reached."""
    five, given = summary["five_fold"], summary["given_split"]
    below = {
        "codes_below_float": five["float"]["mean"] - five["codes"]["mean"],
        "hardware_below_float": given["float"]["mean"] - given["rtl"]["mean"],
    }
    least = {
        "clips_alike": (five["clips_alike"], LEAST_CLIPS_ALIKE),
        "state_bits_alike": (five["state_bits_alike"], LEAST_STATE_BITS_ALIKE),
    }
    if normalisation == "clip" and preset in LEAST_ACCURACY:
        least["accuracy"] = (five["codes"]["mean"], LEAST_ACCURACY[preset])
    found = {name: {"found": value, "at_most": WITHIN, "met": abs(value) <= WITHIN} for name, value in below.items()}
    return found | {
        name: {"found": value, "at_least": bound, "met": value >= bound} for name, (value, bound) in least.items()
    }


def _hardware(given: list[dict]) -> dict:
    """The given split in hardware, over seeds."""
    return {
        "rtl": mean_and_interval([balanced(one["rtl"], KEYWORD) for one in given]),
        "confusion_rtl": add_confusions([one["rtl"] for one in given]),
        "rtl_clips": sum(one["clips"] for one in given),
        "rtl_frames_compared": sum(one["rtl_frames_compared"] for one in given),
        "rtl_mismatches": sum(one["rtl_mismatches"] for one in given),
    }


def mean_and_interval(values: list[float]) -> dict[str, float | list[float] | None]:
    """Mean over seeds with its 95 % interval of Student's t; no interval of a single value."""
    from scipy.stats import t

    mean, half = float(np.mean(values)), None
    if len(values) > 1:
        half = float(t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values)))
    return {"mean": mean, "interval": None if half is None else [mean - half, mean + half], "values": values}


def describe_summary(summary: dict) -> list[str]:
    """The main numbers in words, and which promises are kept."""
    five, given = summary["five_fold"], summary["given_split"]
    line = (
        f"{summary['preset']}, {summary['normalisation']}: folds {five['float']['mean']:.1%} in float, "
        f"{five['codes']['mean']:.1%} in codes; given split {given['float']['mean']:.1%}, "
        f"{given['codes']['mean']:.1%} and in hardware {given['rtl']['mean']:.1%} "
        f"({given['rtl_mismatches']} mismatches in {given['rtl_frames_compared']:,} frames compared); "
        f"alike {five['clips_alike']:.2%} of clips, {five['frames_alike']:.2%} of "
        f"frames, {five['state_bits_alike']:.2%} of state bits, all bits of {five['frames_of_equal_state']:.2%} of "
        f"frames; {five['core_power_nw']:.0f} nW"
    )
    sliding = summary.get("sliding_window")
    if sliding:
        alarms = sliding["false_alarms_an_hour"]
        line += f"; sliding: {sliding['detected']:.1%} found, {alarms:.0f} false alarms an hour"
    targets = [
        f"{name.replace('_', ' ')} {one['found']:.2%} ({_bound(one)}: {'reached' if one['met'] else 'missed'})"
        for name, one in summary["targets"].items()
    ]
    return [line, f"  {', '.join(targets)}"]


def _bound(target: dict) -> str:
    return f"at least {target['at_least']:.1%}" if "at_least" in target else f"within {target['at_most']:.0%}"


def draw_confusions(summaries: list[dict]) -> Chart:
    """Of the codes on the folds, word by word: the share of a word's clips in colour, and their number in words."""
    panels = []
    for one in summaries:
        table = one["five_fold"]["confusion_codes"]
        counts = np.array(list(table.values()), float)
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        text = [[f"{count:.0f}" for count in row] for row in counts]
        shown = Map(["other", KEYWORD], list(table), shares.tolist(), "share of the word's clips", text, 0, 1)
        panels.append(
            Panel(f"{one['preset']}, normalisation {one['normalisation']}", "decided as", "word said", [shown])
        )
    return Chart(panels)
