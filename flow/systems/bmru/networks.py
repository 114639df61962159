"""Keyword spotting: clips and their features, training of a network, and the bundled networks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from remora.flow.report.console import progress
from remora.flow.tools.build import build_root
from remora.flow.tools.steady import steady
from remora.golden.data import mfcc
from remora.golden.data.keywords import BUNDLED, KEYWORD, KeywordSet, load_keywords
from remora.golden.data.normalisation import KINDS, fit_normaliser, normaliser_of
from remora.golden.lib.bmru_network import BmruNetwork, load_network
from remora.golden.offline.bmru_training import Recipe, train_bmru
from remora.spec.bmru.design import BmruDesign
from remora.spec.lib.errors import RemoraError
from remora.spec.presets import load_design

BUNDLED_FOR = ("kws", "kws16")
"""Presets for whose sizes a trained network is bundled, in a file of their name."""


class KeywordError(RemoraError):
    """The keyword spotter cannot do what it was asked for; the message says what to do."""


def load_clips(versions: int = 0) -> KeywordSet:
    """The clips of ``$REMORA_DATA``, else the bundled ones; features of sound files are kept beside the builds.

    Args:
        versions: altered ones of each clip that are wanted besides, for training.

    Raises:
        DataError: as `remora.golden.data.keywords.load_keywords`.
    """
    with progress("features", None, "clips") as advance:
        return load_keywords(build_root() / "keywords", advance, versions)


def check_design(design: BmruDesign) -> None:
    """Whether a design point can spot the keyword at all.

    Raises:
        KeywordError: it takes another number of features or has other than two classes.
    """
    network = design.network
    if (network.features, network.classes) != (mfcc.COEFFICIENTS, 2):
        raise KeywordError(
            f"'{design.name}' has network.features = {network.features} and network.classes = {network.classes}; "
            f"the keyword spotter needs {mfcc.COEFFICIENTS} and 2"
        )


def check_normalisation(name: str) -> None:
    """Whether there is such a normalisation.

    Raises:
        KeywordError: it is none of `remora.golden.data.normalisation.KINDS`.
    """
    if name not in KINDS:
        raise KeywordError(f"normalisation is '{name}'; legal are: {', '.join(KINDS)}")


def require_both(clips: KeywordSet) -> None:
    """Refuse clips in which the keyword, or everything else, is missing: they train and test nothing.

    Raises:
        KeywordError: the message names the splits that the clips are of.
    """
    splits = sorted(set(clips.split.tolist()))
    where = f"in the split{'s' * (len(splits) != 1)} {', '.join(splits)} of the {clips.origin}"
    for wanted, said in ((1, f"no clip of '{KEYWORD}'"), (0, f"only clips of '{KEYWORD}'")):
        if not (clips.y == wanted).any():
            raise KeywordError(f"{said} {where}; training and testing need clips of it and of other words")


def train_spotter(
    design: BmruDesign,
    recipe: Recipe,
    clips: KeywordSet,
    normalisation: str = "clip",
    advance: Callable[[int], None] | None = None,
) -> BmruNetwork:
    """Train on clips; the network's metadata say how, and how to normalise features for it.

    Args:
        normalisation: one of `remora.golden.data.normalisation.KINDS`.
        advance: called after every step with the sequences of a batch.

    Raises:
        KeywordError: the design point or the clips do not fit.
    """
    check_design(design)
    require_both(clips)
    check_normalisation(normalisation)
    normaliser = fit_normaliser(normalisation, clips.x)
    heard = np.concatenate([clips.x[:, None], clips.altered], axis=1)
    labels = np.repeat(clips.y, heard.shape[1])
    step = (lambda _: advance(recipe.batch)) if advance else None
    with steady():
        # Trials are compared on the clips as they are, not on their altered versions.
        compared = slice(None, None, heard.shape[1])
        network = train_bmru(
            design, recipe, normaliser.run(heard.reshape(-1, *clips.x.shape[1:])), labels, step, compared
        )
    about = {"recipe": asdict(recipe), "origin": clips.origin, "clips": len(clips), "digest": clips.digest}
    return replace(network, metadata=about | normaliser.metadata())


def features_for(network: BmruNetwork, clips: KeywordSet) -> NDArray[np.float64]:
    """Features of clips as a network was trained on them, (n, 101, 13), one unit of the model each."""
    return normaliser_of(network.metadata).run(clips.x)


def bundled_path(design: BmruDesign) -> Path | None:
    """The file of the bundled network of a design point's sizes; None where there is none. Its name does not matter."""
    presets = (load_design(name, BmruDesign) for name in BUNDLED_FOR)
    return next((BUNDLED / f"{one.name}.npz" for one in presets if one.network == design.network), None)


def bundled_network(design: BmruDesign) -> BmruNetwork:
    """The bundled trained network of a design point's sizes.

    Raises:
        KeywordError: there is none of these sizes.
        NetworkError: it cannot be read.
    """
    path = bundled_path(design)
    if path is None:
        sizes = " × ".join(str(size) for size in design.network.model_dump().values())
        raise KeywordError(
            f"no trained network is bundled for the sizes of '{design.name}' (features × width × blocks × classes = "
            f"{sizes}), only for those of {', '.join(BUNDLED_FOR)}: train one with "
            f"`remora train {design.name} -o FILE` and give it as --checkpoint FILE"
        )
    return load_network(path)
