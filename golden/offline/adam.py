"""Adam (Kingma and Ba, arXiv 1412.6980)."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

DECAY_MEAN, DECAY_SQUARE, EPSILON = 0.9, 0.999, 1e-8


class Adam:
    """The optimiser of a model's arrays, which it changes in place; with weight decay it is AdamW.

    AdamW (Loshchilov and Hutter, arXiv 1711.05101) shrinks the weights by ``rate × decay`` beside the gradient step.

    Attributes:
        count: steps taken.
        means, squares: running moments of the gradients, one for each array.

    Args:
        arrays: what is optimised.
        rate: learning rate, unless a step is given its own.
        decays: weight decay of each array; none where None.
    """

    def __init__(self, arrays: Iterable[NDArray], rate: float, decays: Iterable[float] | None = None):
        self.rate, self.count = rate, 0
        self._arrays = tuple(arrays)
        self._decays = (0.0,) * len(self._arrays) if decays is None else tuple(decays)
        self.means, self.squares = ([np.zeros_like(array) for array in self._arrays] for _ in range(2))

    def step(self, gradients: Iterable[NDArray], rate: float | None = None) -> None:
        """Descend the gradients, one for each array, once."""
        self.count += 1
        rate = self.rate if rate is None else rate
        everything = zip(self._arrays, gradients, self.means, self.squares, self._decays, strict=True)
        for array, gradient, mean, square, decay in everything:
            mean += (1 - DECAY_MEAN) * (gradient - mean)
            square += (1 - DECAY_SQUARE) * (gradient**2 - square)
            unbiased = np.sqrt(square / (1 - DECAY_SQUARE**self.count)) + EPSILON
            if decay:
                array *= 1 - rate * decay
            array -= rate / (1 - DECAY_MEAN**self.count) * mean / unbiased
