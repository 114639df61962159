"""Normalisation of features: over a whole clip, which looks ahead, or running, which an always-on front end can do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

KINDS = ("clip", "running")
FLOOR = 1e-3
"""Least standard deviation that is divided by, in the unit of the coefficients."""
RUNNING_SHIFT = 6
"""Time constant of the running normalisation: 2^6 frames, 0.64 seconds."""


class ClipNormaliser:
    """Each coefficient of each clip to mean 0 and standard deviation 1 over its frames. Not causal."""

    def run(self, x: ArrayLike) -> NDArray[np.float64]:
        """Normalise clips (n, T, coefficients)."""
        x = np.asarray(x, np.float64)
        return (x - x.mean(axis=1, keepdims=True)) / np.maximum(x.std(axis=1, keepdims=True), FLOOR)

    def metadata(self) -> dict:
        """As JSON holds it; `normaliser_of` reads it."""
        return {"normalisation": "clip"}


@dataclass(frozen=True)
class RunningNormaliser:
    """Exponentially weighted mean m and variance v of each coefficient, from the frames so far.

        m ← m + (x − m)·2^−k      v ← v + ((x − m)² − v)·2^−k, with the new m      y = (x − m) / √v

    m starts as the first frame, v as the mean variance over frames of the training clips. So a microphone's level is
    in m from the start, and what lies between clips does not widen v.

    Attributes:
        variance: v at the start, (coefficients,) float64.
        shift: k; 2^k frames is the time constant.
    """

    variance: NDArray[np.float64]
    shift: int

    @classmethod
    def fitted(cls, x: ArrayLike, shift: int = RUNNING_SHIFT) -> RunningNormaliser:
        """Starting from the statistics of training clips ``x`` (n, T, coefficients)."""
        return cls(np.asarray(x, np.float64).var(axis=1).mean(axis=0), shift)

    def run(self, x: ArrayLike) -> NDArray[np.float64]:
        """Normalise clips or streams (n, T, coefficients), each from the start."""
        x = np.asarray(x, np.float64)
        mean, variance = x[:, 0].copy(), np.broadcast_to(self.variance, x[:, 0].shape).copy()
        normalised, share = np.empty_like(x), 2.0**-self.shift
        for t in range(x.shape[1]):
            mean += (x[:, t] - mean) * share
            deviation = x[:, t] - mean
            variance += (deviation**2 - variance) * share
            normalised[:, t] = deviation / np.maximum(np.sqrt(variance), FLOOR)
        return normalised

    def metadata(self) -> dict:
        """As JSON holds it; `normaliser_of` reads it."""
        return {"normalisation": "running", "variance": self.variance.tolist(), "shift": self.shift}


Normaliser = ClipNormaliser | RunningNormaliser


def fit_normaliser(kind: str, x: ArrayLike) -> Normaliser:
    """The normaliser of a kind, one of ``KINDS``, with what it has to know from training clips ``x``."""
    return RunningNormaliser.fitted(x) if kind == "running" else ClipNormaliser()


def normaliser_of(metadata: dict) -> Normaliser:
    """The normaliser that a network was trained with, from the network's metadata; per clip where they say nothing."""
    if metadata.get("normalisation") != "running":
        return ClipNormaliser()
    return RunningNormaliser(np.array(metadata["variance"], np.float64), int(metadata["shift"]))
