"""Keyword spotting: "yes" against other words and silence, in floating point, in the core's codes, and in hardware.

Speaker-disjoint five-fold over all clips, several seeds, and the split that comes with the data apart; features
normalised over each clip, which looks ahead, and by a running normalisation, which an always-on detector can do. With
the running one also a sliding window over streams that never clear the core. The networks of the given split run in the
generated hardware too, with the core's macro: every clip of the test split, every frame compared with golden.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import partial
from itertools import product

from remora.flow.experiments.keyword_rtl import run_hardware
from remora.flow.experiments.keyword_summary import describe_summary, draw_confusions, summarise
from remora.flow.experiments.runner import Conclusion, Options
from remora.flow.experiments.sliding_window import STREAMS, slide
from remora.flow.sweep.units import Context, Unit
from remora.flow.systems.bmru.evaluation import Spotter, evaluate
from remora.flow.systems.bmru.networks import load_clips, require_both, train_spotter
from remora.golden.bmru.wake_ups import COUNTING
from remora.golden.data.augmentation import VERSIONS
from remora.golden.data.keywords import KeywordSet, speaker_folds
from remora.golden.data.normalisation import KINDS, RUNNING_SHIFT
from remora.golden.offline.bmru_training import Recipe
from remora.spec.bmru.design import BmruDesign
from remora.spec.presets import load_design

SUMMARY = "spotting a keyword: five-fold over speakers, float against the codes of the core and the hardware"
VERSION = 1
"""Grows when training, core or evaluation give other results for the same parameters."""
TAKES_SEEDS = True
"""One interval over all seeds, and one confusion."""
FOLDS, SEEDS = 5, 3
PRESETS = ("kws", "kws16")
QUICK_PRESETS, QUICK_SEEDS, QUICK_FOLDS = ("kws",), 1, 2
QUICK_RECIPE = {"steps": 300, "teacher_width": 0, "trials": 1}
GIVEN = "given"
"""The split that comes with the data, beside the numbers of the folds: trained on train and validation."""


def plan(options: Options) -> list[Unit]:
    """One training and its evaluation a unit: normalisation, preset, seed, fold."""
    # Altered versions cost more to compute than the quick experiment may take.
    clips = load_clips(0 if options.quick else VERSIONS)
    folds = speaker_folds(clips, FOLDS)
    units = []
    designs = [load_design(preset, BmruDesign) for preset in (QUICK_PRESETS if options.quick else PRESETS)]
    seeds = range(options.seed, options.seed + (options.seeds or (QUICK_SEEDS if options.quick else SEEDS)))
    for normalisation, seed, design in product(KINDS, seeds, designs):
        recipe = Recipe.of(design, seed, **(QUICK_RECIPE if options.quick else {}))
        for fold in (*range(_folds_done(options)), GIVEN):
            units.append(_unit(design, recipe, normalisation, fold, clips, folds))
    return units


def _folds_done(options: Options) -> int:
    """Folds that are tested; the quick experiment leaves some out."""
    return min(QUICK_FOLDS, FOLDS) if options.quick else FOLDS


def _unit(design: BmruDesign, recipe: Recipe, normalisation: str, fold, clips: KeywordSet, folds) -> Unit:
    tested = clips.split == "test" if fold == GIVEN else folds == fold
    require_both(clips.where(tested))
    parameters = {
        "design": design.model_dump(mode="json"),
        "recipe": asdict(recipe),
        "normalisation": normalisation,
        "fold": fold,
        "folds": FOLDS,
        "streams": {"count": STREAMS, "shift": RUNNING_SHIFT, "counting": COUNTING}
        if normalisation == "running"
        else None,
        "rtl": fold == GIVEN,
        "free": fold == GIVEN and normalisation == "clip",
        "data": clips.digest,
        "origin": clips.origin,
    }
    flags = (parameters["rtl"], parameters["free"])
    work = partial(_train_and_evaluate, design, recipe, normalisation, clips, tested, *flags)
    return Unit(parameters, recipe.cost * (1 + parameters["free"]), work)


def _train_and_evaluate(
    design, recipe, normalisation, clips: KeywordSet, tested, hardware: bool, free: bool, context: Context
) -> dict:
    """One training on what is not tested, and what came of it.

    Args:
        hardware: run the tested clips in hardware too.
        free: train a second network that knows nothing of codes, to see what its export costs.
    """
    network = train_spotter(design, recipe, clips.where(~tested), normalisation, context.advance)
    spotter = Spotter(design, network, clips.where(tested))
    found = {"preset": design.name, "normalisation": normalisation, "seed": recipe.seed, **evaluate(spotter)}
    found |= {"sliding": slide(spotter) if normalisation == "running" else None}
    if free:
        unrounded = replace(recipe, quantise_from=2.0)
        network = train_spotter(design, unrounded, clips.where(~tested), normalisation, context.advance)
        apart = evaluate(Spotter(design, network, clips.where(tested)))
        found["free"] = {name: apart[name] for name in ("float", "codes")}
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
            summary = {"preset": preset, "normalisation": normalisation, **summarise(chosen, normalisation)}
            summaries.append(summary)
            lines += describe_summary(summary)
    origin = {
        "folds": size - 1,
        "clips": sum(one["clips"] for one in runs[0][:-1]),
        "seeds": sorted({run[0]["seed"] for run in runs}),
    }
    return Conclusion({**origin, "summaries": summaries}, {"confusion": draw_confusions(summaries)}, tuple(lines))
