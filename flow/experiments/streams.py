"""Streams of tasks for continual learning: permuted digits (domain-incremental), split CIFAR-10 (class-incremental)."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from remora.flow.experiments import ExperimentError
from remora.golden.crossbar.weights import Weights, initial_weights
from remora.golden.data.idx import DATA_VARIABLE
from remora.golden.data.load import SequenceSet, load
from remora.golden.data.tasks import presented
from remora.golden.learning.kernel.rules import feedback_matrix
from remora.golden.lib.npz import NpzError, read_npz
from remora.spec.crossbar.design import Cell, DesignPoint, Learning, Network
from remora.spec.presets import load_design

__all__ = ["TASKS", "TaskStream", "permuted_mnist", "presented", "split_cifar10"]

TASKS = 5
CIFAR_FILE = Path("cifar10") / "features_pca128.npz"
CIFAR_COMPONENTS, CIFAR_STEPS, CIFAR_CLASSES = 128, 4, 10
DIGITS_CELL = {"update_coefficient": 16}
"""A shorter memory than the preset's, of 16 steps: of 8, 12, 16 and 24 the best for permuted rows."""
DIGITS_LEARNING = {"hidden_shift": 11, "readout_shift": 8}
"""Slower than the preset's: with replay there is time, and old tasks are disturbed less."""
ALIGNED_READOUT = 1 / 8
CIFAR_RANGE = 2.5
"""Largest standard deviation of a component times this is full scale, 127."""


@dataclass(frozen=True)
class TaskStream:
    """Tasks that come one after the other.

    Attributes:
        name: of the protocol.
        design: sizes and learning rates; nothing is replayed.
        weights: to start from, of a design point with the stream's sizes.
        origin: what the data is.
        task: number from 0 → training and test sequences.
    """

    name: str
    design: DesignPoint
    origin: str
    task: Callable[[int], tuple[SequenceSet, SequenceSet]]
    weights: Callable[[DesignPoint], Weights] = initial_weights


class _Kept:
    """Tasks that are made once in each process; another process gets how they are made, not what was made."""

    def __init__(self, make: Callable[[int], tuple[SequenceSet, SequenceSet]]) -> None:
        self._make = make
        self._made: dict[int, tuple[SequenceSet, SequenceSet]] = {}

    def __call__(self, number: int) -> tuple[SequenceSet, SequenceSet]:
        if number not in self._made:
            self._made[number] = self._make(number)
        return self._made[number]

    def __getstate__(self) -> dict:
        return {"_make": self._make, "_made": {}}


def _permuted_digits(design: DesignPoint, seed: int, number: int) -> tuple[SequenceSet, SequenceSet]:
    # Permutation 0 is the identity, which rows suit; the tasks are to be of one kind.
    return load(design, "mnist", task=number + 1, seed=seed)


def _two_classes(learnt: SequenceSet, unseen: SequenceSet, number: int) -> tuple[SequenceSet, SequenceSet]:
    return learnt.where(learnt.y // 2 == number), unseen.where(unseen.y // 2 == number)


def permuted_mnist(seed: int) -> TaskStream:
    """The same ten digits under a new pixel permutation in each task, row by row: 28 steps of 28 features."""
    design = load_design("mnist", DesignPoint).evolve(cell=DIGITS_CELL, learning={**DIGITS_LEARNING, "seed": seed})
    task = _Kept(partial(_permuted_digits, design, seed))
    return TaskStream(
        "permuted-mnist", design, f"{len(task(0)[0]):,} training and {len(task(0)[1]):,} test digits", task,
        aligned_weights,
    )  # fmt: skip


def split_cifar10(seed: int) -> TaskStream:
    """Two new classes in each task, told apart from all ten: image features in steps of rising variance.

    Raises:
        ExperimentError: the features are not there, or not as described in the documents.
    """
    root = os.environ.get(DATA_VARIABLE)
    if not root:
        raise ExperimentError(f"CIFAR-10 is not bundled: set {DATA_VARIABLE} to a folder that holds {CIFAR_FILE}")
    path = Path(root) / CIFAR_FILE
    try:
        content = read_npz(path)
        train, test = ((content[f"x_{part}"], content[f"y_{part}"]) for part in ("train", "test"))
        for x, y in (train, test):
            _check_features(x, y)
    except FileNotFoundError as error:
        raise ExperimentError(f"{path} is missing; unset {DATA_VARIABLE} or put it there") from error
    except (NpzError, KeyError, ValueError) as error:
        raise ExperimentError(f"{path} is not the file of features: {error}") from error
    design = DesignPoint(
        name="split-cifar10",
        network=Network(
            features=CIFAR_COMPONENTS // CIFAR_STEPS,
            classes=CIFAR_CLASSES,
            max_steps=CIFAR_STEPS,
            feature_signed=True,
        ),
        cell=Cell(update_coefficient=128),
        learning=Learning(hidden_shift=8, seed=seed),
    )
    deviation = train[0][:, :CIFAR_COMPONENTS].std(axis=0, dtype=np.float64)
    learnt, unseen = (_features_as_sequences(x, y, deviation) for x, y in (train, test))
    task = _Kept(partial(_two_classes, learnt, unseen))
    return TaskStream("split-cifar10", design, f"{len(learnt):,} training and {len(unseen):,} test images", task)


def _check_features(x: NDArray, y: NDArray) -> None:
    """Refuse what is no table of numbers with a class each."""
    if x.ndim != 2 or x.shape[1] < CIFAR_COMPONENTS or not len(x) or x.dtype.kind != "f" or not np.isfinite(x).all():
        raise ValueError(f"it needs rows of {CIFAR_COMPONENTS} finite real numbers; found {x.dtype} of shape {x.shape}")
    if y.shape != x.shape[:1] or y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= CIFAR_CLASSES:
        raise ValueError(f"it needs a class 0…{CIFAR_CLASSES - 1} for each of {len(x)} rows; found {y.dtype} {y.shape}")


def _features_as_sequences(x: NDArray, y: NDArray, deviation: NDArray) -> SequenceSet:
    """Components over the root of their deviation, which evens their range without drowning the first ones in noise."""
    scale = 127 / (CIFAR_RANGE * np.sqrt(deviation.max()))
    scaled = np.rint(x[:, :CIFAR_COMPONENTS] / np.sqrt(deviation) * scale)
    quantised = np.clip(scaled, -127, 127).astype(np.int8)
    # The components that tell most come last, where the state still holds them best.
    steps = quantised.reshape(len(x), CIFAR_STEPS, -1)[:, ::-1]
    return SequenceSet(np.ascontiguousarray(steps), y.astype(np.int64))


def aligned_weights(design: DesignPoint) -> Weights:
    """Initial weights whose readout is a multiple of Ψᵀ: the fixed feedback sends the true error from the start.

    The multiple is `ALIGNED_READOUT` to the nearest level; the hidden layer and the biases start as ever.
    """
    weights = initial_weights(design)
    level = round(ALIGNED_READOUT * 2**design.crossbar.level_bits)
    weights.readout[:-1] = level * feedback_matrix(design).T
    return weights.check(design)
