"""Labelled sequences, of one length or of many, and whether they fit a design point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remora.golden.data.idx import DataError
from remora.spec.crossbar.design import DesignPoint


@dataclass(frozen=True)
class SequenceSet:
    """Sequences with their labels.

    Attributes:
        x: (sequences, steps, features) uint8, or int8 where the design has signed features; zero beyond a sequence's
            end.
        y: (sequences,) int64.
        lengths: (sequences,) int64, steps of each, 1 … steps; None where all have as many as ``x``.
    """

    x: NDArray
    y: NDArray[np.int64]
    lengths: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.y)

    @property
    def steps(self) -> NDArray[np.int64]:
        """Steps of each sequence, (sequences,)."""
        return np.full(len(self), self.x.shape[1]) if self.lengths is None else self.lengths

    def sequence(self, index: int) -> NDArray:
        """Features (steps, features) of one sequence."""
        return self.x[index] if self.lengths is None else self.x[index, : self.lengths[index]]

    def where(self, chosen: NDArray | slice) -> SequenceSet:
        """The sequences that a mask, indices or a slice choose."""
        return SequenceSet(self.x[chosen], self.y[chosen], None if self.lengths is None else self.lengths[chosen])

    def first(self, count: int | None) -> SequenceSet:
        """The first ``count`` sequences; all of them where None.

        Raises:
            DataError: there are fewer, or ``count`` is not positive.
        """
        if count is None:
            return self
        if not 1 <= count <= len(self):
            raise DataError(f"{count} sequences asked for; the set holds {len(self)}")
        return self.where(slice(count))


def fit(design: DesignPoint, x: NDArray, y: NDArray, origin: str, lengths: NDArray | None = None) -> SequenceSet:
    """Arrays as sequences of a design point.

    Args:
        origin: what they are, to begin a message with.
        lengths: steps of each; all of them where None.

    Raises:
        DataError: a shape, dtype or value does not fit; the message says what was found and what is legal.
    """
    network = design.network
    if x.ndim != 3 or not len(x):
        raise DataError(
            f"{origin}: x has shape {x.shape}; expected (sequences, steps, features) with at least one sequence"
        )
    if y.shape != x.shape[:1] or not np.issubdtype(y.dtype, np.integer):
        raise DataError(f"{origin}: y is {y.dtype} of shape {y.shape}; expected {len(x)} integer labels")
    if x.shape[2] != network.features:
        raise DataError(f"{origin}: {x.shape[2]} features a step, but network.features is {network.features}")
    if not 1 <= x.shape[1] <= network.max_steps:
        raise DataError(f"{origin}: {x.shape[1]} steps, but network.max_steps is {network.max_steps}")
    if y.min() < 0 or y.max() >= network.classes:
        raise DataError(
            f"{origin}: labels span {y.min()}…{y.max()}, but network.classes allows 0…{network.classes - 1}"
        )
    dtype = np.dtype(np.int8 if network.feature_signed else np.uint8)
    if x.dtype != dtype:
        raise DataError(
            f"{origin}: x is {x.dtype}; with network.feature_signed = {network.feature_signed} it must be {dtype}"
        )
    if lengths is None:
        return SequenceSet(np.ascontiguousarray(x), y.astype(np.int64))
    if lengths.shape != y.shape or not np.issubdtype(lengths.dtype, np.integer):
        raise DataError(
            f"{origin}: lengths is {lengths.dtype} of shape {lengths.shape}; expected {len(x)} whole numbers"
        )
    if lengths.min() < 1 or lengths.max() > x.shape[1]:
        raise DataError(
            f"{origin}: lengths span {lengths.min()}…{lengths.max()}; legal is 1…{x.shape[1]}, the steps of x"
        )
    lengths = lengths.astype(np.int64)
    running = np.arange(x.shape[1]) < lengths[:, None]
    return SequenceSet(np.ascontiguousarray(x * running[..., None]), y.astype(np.int64), lengths)
