"""Keyword spotting: "yes" against other words and silence, in floating point, in the core's codes, and in hardware.

Speaker-disjoint five-fold over all clips, several seeds, and the split that comes with the data apart; features
normalised over each clip, which looks ahead, and by a running normalisation, which an always-on detector can do. With
the running one also a sliding window over streams that never clear the core. The networks of the given split run in the
generated hardware too, with the core's macro: every clip of the test split, every frame compared with golden.
"""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from itertools import product

import numpy as np

from flow.experiments import sliding_window
from flow.experiments.figures import figure
from flow.experiments.keyword_rtl import run_hardware
from flow.experiments.runner import Conclusion, Context, Options, Unit
from flow.experiments.sliding_window import STREAMS, slide
from flow.keyword_evaluation import Spotter, add_confusions, add_up, balanced, evaluate
from flow.keywords import load_clips, train_spotter
from golden.augmentation import VERSIONS
from golden.bmru_training import Recipe
from golden.keywords import KEYWORD, KeywordSet, speaker_folds
from golden.normalisation import KINDS, RUNNING_SHIFT
from spec.analog import AnalogDesign
from spec.presets import load_design

SUMMARY = "spotting a keyword: five-fold over speakers, float against the codes of the core and the hardware"
TAKES_SEEDS = True
"""One interval over all seeds, and one confusion."""
FOLDS, SEEDS = 5, 3
PRESETS = ("kws", "kws16")
QUICK_PRESETS, QUICK_SEEDS, QUICK_STEPS, QUICK_FOLDS = ("kws",), 1, 300, 2
GIVEN = "given"
"""The split that comes with the data, beside the numbers of the folds: trained on train and validation."""


def plan(options: Options) -> list[Unit]:
    """One training and its evaluation a unit: normalisation, preset, seed, fold."""
    # Altered versions cost more to compute than the quick experiment may take.
    clips = load_clips(0 if options.quick else VERSIONS)
    folds = speaker_folds(clips, FOLDS)
    units = []
    designs = [load_design(preset, AnalogDesign) for preset in (QUICK_PRESETS if options.quick else PRESETS)]
    seeds = range(options.seed, options.seed + (options.seeds or (QUICK_SEEDS if options.quick else SEEDS)))
    for normalisation, seed, design in product(KINDS, seeds, designs):
        recipe = Recipe.of(design, seed, **({"steps": QUICK_STEPS, "trials": 1} if options.quick else {}))
        for fold in (*range(_folds_done(options)), GIVEN):
            units.append(_unit(design, recipe, normalisation, fold, clips, folds))
    return units


def _folds_done(options: Options) -> int:
    """Folds that are tested; the quick experiment leaves some out."""
    return min(QUICK_FOLDS, FOLDS) if options.quick else FOLDS


def _unit(design: AnalogDesign, recipe: Recipe, normalisation: str, fold, clips: KeywordSet, folds) -> Unit:
    tested = clips.split == "test" if fold == GIVEN else folds == fold
    parameters = {
        "design": design.model_dump(mode="json"),
        "recipe": asdict(recipe),
        "normalisation": normalisation,
        "fold": fold,
        "folds": FOLDS,
        "streams": {"count": STREAMS, "shift": RUNNING_SHIFT, "counting": sliding_window.VERSION}
        if normalisation == "running"
        else None,
        "rtl": fold == GIVEN,
        "data": clips.digest,
        "origin": clips.origin,
    }
    work = partial(_train_and_evaluate, design, recipe, normalisation, clips, tested, fold == GIVEN)
    return Unit(parameters, recipe.cost, work)


def _train_and_evaluate(
    design, recipe, normalisation, clips: KeywordSet, tested, hardware: bool, context: Context
) -> dict:
    network = train_spotter(design, recipe, clips.where(~tested), normalisation, context.advance)
    spotter = Spotter(design, network, clips.where(tested))
    found = {"preset": design.name, "normalisation": normalisation, "seed": recipe.seed, **evaluate(spotter)}
    found |= {"sliding": slide(spotter) if normalisation == "running" else None}
    return found | (run_hardware(spotter, context.folder) if hardware else {})


def conclude(options: Options, results: list[dict]) -> Conclusion:
    """A summary for each preset and normalisation, figures of confusion, and the main numbers in words."""
    # Units come in the order of the plan: the folds and the given split for each seed.
    size = _folds_done(options) + 1
    runs = [results[start : start + size] for start in range(0, len(results), size)]
    summaries, lines = [], []
    for normalisation in KINDS:
        for preset in dict.fromkeys(run[0]["preset"] for run in runs):
            chosen = [run for run in runs if (run[0]["preset"], run[0]["normalisation"]) == (preset, normalisation)]
            summary = {"preset": preset, "normalisation": normalisation, **_summary(chosen)}
            summaries.append(summary)
            lines.append(_line(summary))
    origin = {
        "folds": size - 1,
        "clips": sum(one["clips"] for one in runs[0][:-1]),
        "seeds": sorted({run[0]["seed"] for run in runs}),
    }
    return Conclusion({**origin, "summaries": summaries}, {"confusion": _confusions(summaries)}, tuple(lines))


def _summary(runs: list[list[dict]]) -> dict:
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
    branches = [one["branches_nw"] for run in runs for one in run[:-1]]
    summary["branches_nw"] = {name: float(np.mean([one[name] for one in branches])) for name in branches[0]}
    sliding = [one["sliding"] for run in runs for one in run[:-1] if one["sliding"]]
    if sliding:
        total = {key: sum(one[key] for one in sliding) for key in sliding[0]}
        summary["sliding_window"] = total | {
            "detected": total["hits"] / total["keywords"],
            "false_alarms_an_hour": total["false_alarms"] / total["hours"],
        }
    return summary


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


def _line(summary: dict) -> str:
    five, given = summary["five_fold"], summary["given_split"]
    line = (
        f"{summary['preset']}, {summary['normalisation']}: folds {five['float']['mean']:.1%} in float, "
        f"{five['codes']['mean']:.1%} in codes; given split {given['float']['mean']:.1%}, "
        f"{given['codes']['mean']:.1%} and in hardware {given['rtl']['mean']:.1%} "
        f"({given['rtl_mismatches']} mismatches in {given['rtl_frames_compared']:,} frames compared); "
        f"alike {five['clips_alike']:.2%} of clips, {five['frames_alike']:.2%} of "
        f"frames, {five['state_bits_alike']:.2%} of state bits; {five['core_power_nw']:.0f} nW"
    )
    sliding = summary.get("sliding_window")
    if sliding:
        alarms = sliding["false_alarms_an_hour"]
        line += f"; sliding: {sliding['detected']:.1%} found, {alarms:.0f} false alarms an hour"
    return line


def _confusions(summaries: list[dict]):
    titles = [f"{one['preset']}, {one['normalisation']}: codes" for one in summaries]
    drawn, every = figure(titles, width=3.2, height=3.4)
    for axes, one in zip(every, summaries, strict=True):
        table = one["five_fold"]["confusion_codes"]
        counts = np.array(list(table.values()), float)
        axes.imshow(counts / counts.sum(axis=1, keepdims=True), vmin=0, vmax=1, cmap="Blues", aspect="auto")
        axes.grid(False)
        axes.set_xticks(range(2), ["other", KEYWORD])
        axes.set_yticks(range(len(table)), list(table))
        for (row, column), count in np.ndenumerate(counts):
            axes.text(column, row, f"{count:.0f}", ha="center", va="center", fontsize=8)
    return drawn
