"""``remora train`` of a design point of the BMRU accelerator: the keyword spotter, offline and through time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from remora.flow.report.console import console, progress, table
from remora.flow.report.provenance import provenance
from remora.flow.systems.bmru.evaluation import Spotter, balanced, evaluate
from remora.flow.systems.bmru.networks import check_design, check_normalisation, load_clips, require_both, train_spotter
from remora.golden.data.augmentation import VERSIONS
from remora.golden.data.keywords import KEYWORD
from remora.golden.lib.bmru_network import save_network
from remora.golden.offline.bmru_training import Recipe
from remora.spec.bmru.design import BmruDesign


def train_keywords(design: BmruDesign, path: Path, normalisation: str, seed: int) -> dict:
    """Train on the splits train and validation, save, and say how the network does on the split test.

    Args:
        path: of the network to write, in a folder that exists; what is there is replaced.
        normalisation: of the features, ``clip`` or ``running``.

    Returns:
        The result as JSON.

    Raises:
        KeywordError, DataError: the design point, the normalisation or the clips do not fit, known before the training.
    """
    check_design(design)
    check_normalisation(normalisation)
    clips, recipe = load_clips(VERSIONS), Recipe.of(design, seed)
    training, unseen = clips.of("train", "validation"), clips.of("test")
    require_both(training)
    require_both(unseen)
    with progress("training", recipe.cost, "sequences") as advance:
        network = train_spotter(design, recipe, training, normalisation, advance)
    save_network(path, network)
    found = evaluate(Spotter(design, network, unseen))
    accuracy = {name: balanced(found[name], KEYWORD) for name in ("float", "codes")}
    shown = table("word", ">as other", f">as {KEYWORD}", title=f"{found['clips']} unseen clips, in the core's codes")
    for word, (other, keyword) in found["codes"].items():
        shown.add_row(word, str(other), str(keyword))
    console().print(shown)
    console().print(
        f"{design.name}: balanced accuracy {accuracy['float']:.1%} in float, {accuracy['codes']:.1%} in codes; "
        f"{found['power_nw']:.0f} nW"
    )
    console().print(f"network: {path}")
    result: dict[str, Any] = {
        "design": design.name,
        "design_hash": design.hash,
        "network": str(path),
        "normalisation": normalisation,
    }
    result |= {f"{name}_balanced_accuracy": value for name, value in accuracy.items()}
    # What the core reaches.
    result["accuracy"] = accuracy["codes"]
    return result | {"trained_on": len(training), "test": found, **provenance(seed)}
