"""What every offline training does alike: how ε and the learning rate fall, how a gradient is clipped, its softmax."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import cos
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from remora.golden.offline.adam import Adam


@dataclass(frozen=True, kw_only=True)
class Descent:
    """What decides the steps of an optimiser.

    Attributes:
        batch: sequences a step.
        rate: peak learning rate; it falls to zero along half a cosine.
        clip: largest norm of the whole gradient.
        epsilon_hold, epsilon_end: shares of the steps until which ε stays 1, and from which it is 0.
    """

    batch: int = 128
    rate: float = 0.01
    clip: float = 1.0
    epsilon_hold: float = 0.05
    epsilon_end: float

    def epsilon(self, done: float) -> float:
        """ε when a share ``done`` of the steps is done, 0 … 1."""
        return float(np.clip((self.epsilon_end - done) / (self.epsilon_end - self.epsilon_hold), 0, 1))

    def descend(self, optimiser: Adam, gradient: Mapping[str, NDArray], angle: float) -> None:
        """One step along a gradient, which is shortened to the norm `clip` where it is longer.

        Args:
            optimiser: of the gradient's arrays, in order; its own rate is the peak of the learning rate.
            angle: π times the share of the steps that are done.
        """
        norm = np.sqrt(sum(float(np.vdot(array, array)) for array in gradient.values()))
        factor = np.float32(min(1.0, self.clip / max(norm, 1e-30)))
        optimiser.step([array * factor for array in gradient.values()], falling_rate(optimiser.rate, angle))


def falling_rate(peak: float, angle: float) -> float:
    """Learning rate along half a cosine: ``peak`` at the angle 0, 0 at π."""
    return peak / 2 * (1 + cos(angle))


def log_softmax(scores: NDArray[np.floating]) -> NDArray[np.floating]:
    """Logarithms of the classes' probabilities, of scores by class along the last axis."""
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
