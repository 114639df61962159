"""Labelled sequences: the one entry `load`, and how digits, synthetic patterns and a user's files become sequences."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from remora.golden.data.idx import DataError, load_mnist
from remora.golden.data.own_data import load_own, split
from remora.golden.data.sequences import SequenceSet, fit
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.rng import Purpose, draw, permutation

__all__ = ["DataError", "SequenceSet", "load", "permuted", "row_wise", "synthetic"]

SYNTHETIC_TRAIN, SYNTHETIC_TEST = 1000, 300
NOISE_AMPLITUDE = 64
"""Synthetic features differ from their class's pattern by up to this much, of 255."""


def load(
    design: DesignPoint,
    data: str | Path = "auto",
    *,
    train: int | None = None,
    test: int | None = None,
    task: int = 0,
    seed: int | None = None,
) -> tuple[SequenceSet, SequenceSet]:
    """Training and test sequences that fit a design point.

    Args:
        data: ``mnist`` (rows of the digits), ``synthetic``, the path of a `.npz` file
            (`remora.golden.data.own_data.load_own` says what it holds), or ``auto``: digits where their size fits the
            design point, else synthetic.
        train, test: keep the first so many; all (synthetic: 1,000 and 300) where None.
        task: number of the pixel permutation of the digits; 0 is none.
        seed: of permutations and synthetic sequences; the design's learning seed where None.

    Raises:
        DataError: the data cannot be read or does not fit the design point.
    """
    seed = design.learning.seed if seed is None else seed
    if data == "auto":
        data = default_data(design)
    if task and data != "mnist":
        raise DataError(
            f"task {task} is a pixel permutation of the digits, but the data is {data}: leave it out, or use mnist"
        )
    if data == "synthetic":
        counts = train or SYNTHETIC_TRAIN, test or SYNTHETIC_TEST
        return synthetic(design, counts[0], seed), synthetic(design, counts[1], seed, first=counts[0])
    if data == "mnist":
        learnt, unseen = (_digits(design, part, task, seed) for part in ("train", "test"))
    else:
        learnt, unseen = split(Path(data), *load_own(Path(data), design))
    return learnt.first(train), unseen.first(test)


def load_test(design: DesignPoint, data: str | Path) -> SequenceSet:
    """The test sequences of `load`; those of the digits come without the training images, which take long to read."""
    return _digits(design, "test", 0, design.learning.seed) if data == "mnist" else load(design, data)[1]


def default_data(design: DesignPoint) -> str:
    """``mnist`` where the digits' size and labels fit the design point, else ``synthetic``."""
    images, labels = load_mnist("test")
    network = design.network
    fits = images.shape[2] == network.features and images.shape[1] <= network.max_steps
    return "mnist" if fits and labels.max() < network.classes else "synthetic"


def _digits(design: DesignPoint, split: str, task: int, seed: int) -> SequenceSet:
    images, labels = load_mnist(split)
    x = permuted(images, task, seed)
    if design.network.feature_signed:
        # A signed feature has one bit less; the streamed words stay the same but for the lowest.
        x = (x >> 1).astype(np.int8)
    return fit(design, x, labels, f"the {split} images")


def row_wise(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Images (n, height, width) as sequences (n, steps = height, features = width): one row a step, from the top."""
    return np.ascontiguousarray(images)


def permuted(images: NDArray, task: int, seed: int) -> NDArray:
    """Row-wise sequences after the fixed pixel permutation of a task; task 0 is the identity."""
    if task == 0:
        return row_wise(images)
    pixels = images.reshape(len(images), -1)
    order = permutation(seed, Purpose.PERMUTATION, pixels.shape[1], task)
    return row_wise(pixels[:, order].reshape(images.shape))


def synthetic(design: DesignPoint, count: int, seed: int, first: int = 0) -> SequenceSet:
    """Sequences of ``max_steps`` steps: a fixed random pattern for each class plus uniform noise, clipped to a byte.

    Args:
        first: number of the first sequence, so that disjoint ranges never share one.
    """
    network = design.network
    numbers = np.arange(first, first + count)
    y = (draw(seed, Purpose.SYNTHETIC_DATA, 0, numbers).astype(np.int64) * network.classes) >> 32
    step, lane = np.ogrid[: network.max_steps, : network.features]
    patterns = draw(seed, Purpose.SYNTHETIC_DATA, 1 + np.arange(network.classes)[:, None, None], step, lane) >> 24
    words = draw(seed, Purpose.SYNTHETIC_DATA, 1 + network.classes + numbers[:, None, None], step, lane)
    noise = ((words.astype(np.int64) * (2 * NOISE_AMPLITUDE + 1)) >> 32) - NOISE_AMPLITUDE
    x = np.clip(patterns[y].astype(np.int64) + noise, 0, 255)
    return SequenceSet((x - 128).astype(np.int8) if network.feature_signed else x.astype(np.uint8), y)
