"""How a trained keyword spotter does on clips that it has not seen: in floating point, and in the codes of the core."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remora.flow.systems.bmru.networks import features_for
from remora.golden.bmru.codes import BmruCodes, Export, export_network, feature_codes
from remora.golden.bmru.core import BmruCore, CoreRun
from remora.golden.data.keywords import KeywordSet
from remora.golden.lib import bmru
from remora.golden.lib.bmru_network import BmruNetwork
from remora.spec.bmru.design import BmruDesign


@dataclass(frozen=True)
class Spotter:
    """A network on a core, and the clips that it is to decide.

    Attributes:
        design: of the core.
        network: in floating point.
        clips: with their words.
    """

    design: BmruDesign
    network: BmruNetwork
    clips: KeywordSet

    @cached_property
    def features(self) -> NDArray[np.float64]:
        """(n, T, features), normalised."""
        return features_for(self.network, self.clips)

    @cached_property
    def feature_codes(self) -> NDArray[np.int32]:
        """(n, T, features) codes of the DACs."""
        return feature_codes(self.design, self.features)[0]

    @cached_property
    def export(self) -> Export:
        """The network as codes, and what saturated on the way."""
        return export_network(self.design, self.network)

    @property
    def codes(self) -> BmruCodes:
        """Of every element of the core."""
        return self.export.codes

    @cached_property
    def in_float(self) -> bmru.BmruRun:
        """Float64, features not rounded."""
        return bmru.run(self.network, self.features)

    @cached_property
    def in_codes(self) -> CoreRun:
        """The integer model of the core."""
        return BmruCore(self.design, self.codes).run(self.feature_codes)


def evaluate(spotter: Spotter) -> dict:
    """Counts that can be added up over folds.

    Returns:
        As JSON: ``float`` and ``codes``, word → clips decided [other, keyword]; ``clips`` and those decided ``alike``;
        ``frames``, those of the same class, ``frames_alike``, and those with all state bits the same, ``states_alike``;
        state ``bits`` and those the same, ``bits_alike``; ``saturated`` features; mean ``power_nw`` of the core and of
        its branches.
    """
    design, clips, exact, rounded = spotter.design, spotter.clips, spotter.in_float, spotter.in_codes
    classes = design.network.classes
    by_float, by_codes = (bmru.vote(frames, classes) for frames in (exact.frame_classes, rounded.decision))
    same = exact.states == rounded.state
    frames = rounded.decision.size
    return {
        "float": confusion(clips, by_float, classes),
        "codes": confusion(clips, by_codes, classes),
        "clips": len(clips),
        "alike": int((by_float == by_codes).sum()),
        "frames": frames,
        "frames_alike": int((exact.frame_classes == rounded.decision).sum()),
        "states_alike": int(same.all(axis=(2, 3)).sum()),
        "bits": same.size,
        "bits_alike": int(same.sum()),
        "saturated": feature_codes(design, spotter.features)[1],
        "power_nw": design.power_nw(int(rounded.charge.sum()), frames),
        "branches_nw": {name: design.power_nw(int(one.sum()), frames) for name, one in rounded.charges.items()},
    }


def confusion(clips: KeywordSet, decided: NDArray, classes: int) -> dict[str, list[int]]:
    """Word → how many of its clips were decided as each class."""
    words = sorted(set(clips.word.tolist()))
    return {word: np.bincount(decided[clips.word == word], minlength=classes).tolist() for word in words}


def add_up(results: list[dict]) -> dict:
    """One evaluation out of several: counts are added, powers averaged by frames."""
    total: dict[str, Any] = {key: add_confusions([one[key] for one in results]) for key in ("float", "codes")}
    for key in ("clips", "alike", "frames", "frames_alike", "states_alike", "bits", "bits_alike", "saturated"):
        total[key] = sum(one[key] for one in results)
    frames = [one["frames"] for one in results]
    total["power_nw"] = float(np.average([one["power_nw"] for one in results], weights=frames))
    return total


def add_confusions(tables: list[dict[str, list[int]]]) -> dict[str, list[int]]:
    """One confusion by word out of several."""
    words = sorted({word for table in tables for word in table})
    return {word: np.sum([table.get(word, [0, 0]) for table in tables], axis=0).tolist() for word in words}


def balanced(confusion_by_word: dict[str, list[int]], keyword: str) -> float:
    """Balanced accuracy of a confusion by word: mean of the shares of keywords and of others decided rightly."""
    others = np.sum([row for word, row in confusion_by_word.items() if word != keyword], axis=0)
    spotted = confusion_by_word[keyword]
    return (spotted[1] / sum(spotted) + others[0] / others.sum()) / 2
