"""Normalisation of features: over a whole clip, which looks ahead, or running, which an always-on front end can do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

FLOOR = 1e-3
"""Least standard deviation that is divided by, in the unit of the coefficients."""


def per_clip(x: ArrayLike) -> NDArray[np.float64]:
    """Each coefficient of each clip to mean 0 and standard deviation 1 over its frames.

    Args:
        x: (n, T, coefficients).
    """
    x = np.asarray(x, np.float64)
    return (x - x.mean(axis=1, keepdims=True)) / np.maximum(x.std(axis=1, keepdims=True), FLOOR)


@dataclass(frozen=True)
class RunningNormaliser:
    """Exponentially weighted mean m and variance v of each coefficient, from the frames so far.

        m ← m + (x − m)·2^−k      v ← v + ((x − m)² − v)·2^−k, with the new m      y = (x − m) / √v

    It starts from the statistics of the training set: m and v of all its frames. A stream goes on from where it stopped.

    Attributes:
        mean, variance: at the start, (coefficients,) float64.
        shift: k; 2^k frames is the time constant.
    """

    mean: NDArray[np.float64]
    variance: NDArray[np.float64]
    shift: int

    @classmethod
    def fitted(cls, x: ArrayLike, shift: int) -> RunningNormaliser:
        """Starting from the statistics of training clips ``x`` (n, T, coefficients)."""
        flat = np.asarray(x, np.float64).reshape(-1, np.shape(x)[2])
        return cls(flat.mean(axis=0), flat.var(axis=0), shift)

    def run(self, x: ArrayLike) -> NDArray[np.float64]:
        """Normalise clips or streams (n, T, coefficients), each from the start."""
        x = np.asarray(x, np.float64)
        mean, variance = (np.broadcast_to(start, x[:, 0].shape).copy() for start in (self.mean, self.variance))
        normalised, share = np.empty_like(x), 2.0**-self.shift
        for t in range(x.shape[1]):
            mean += (x[:, t] - mean) * share
            deviation = x[:, t] - mean
            variance += (deviation**2 - variance) * share
            normalised[:, t] = deviation / np.maximum(np.sqrt(variance), FLOOR)
        return normalised
