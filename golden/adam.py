"""Adam (Kingma and Ba, arXiv 1412.6980) on the float network: the software baseline of every learning experiment."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from golden.data import SequenceSet
from golden.float_model import FloatModel, Gradients, to_float
from golden.weights import initial_weights
from spec.design import DesignPoint
from spec.rng import Purpose, permutation

DECAY_MEAN, DECAY_SQUARE, EPSILON = 0.9, 0.999, 1e-8


class Adam:
    """The optimiser of one model, which it changes in place.

    Attributes:
        count: steps taken.
        means, squares: running moments of the gradients of the hidden layer and the readout.

    Args:
        rate: learning rate.
    """

    def __init__(self, model: FloatModel, rate: float):
        self.rate, self.count = rate, 0
        self._layers = (model.hidden, model.readout)
        self.means, self.squares = ([np.zeros_like(layer) for layer in self._layers] for _ in range(2))

    def step(self, gradients: Gradients) -> None:
        """Descend the gradients once."""
        self.count += 1
        for layer, gradient, mean, square in zip(self._layers, gradients, self.means, self.squares, strict=True):
            mean += (1 - DECAY_MEAN) * (gradient - mean)
            square += (1 - DECAY_SQUARE) * (gradient**2 - square)
            unbiased = np.sqrt(square / (1 - DECAY_SQUARE**self.count)) + EPSILON
            layer -= self.rate / (1 - DECAY_MEAN**self.count) * mean / unbiased


def train_adam(
    design: DesignPoint,
    data: SequenceSet,
    passes: int,
    batch: int = 32,
    rate: float = 1e-2,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[FloatModel]:
    """Train the baseline by BPTT with Adam from the design's initial weights; yields the model after every pass.

    Args:
        progress: called after every batch with the number of sequences done and the total.
    """
    model = FloatModel.of(design, initial_weights(design))
    optimiser, x = Adam(model, rate), to_float(design, data.x)
    for number in range(1, passes + 1):
        order = permutation(design.learning.seed, Purpose.SHUFFLE, len(data), number)
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            optimiser.step(model.bptt(x[chosen], data.y[chosen])[1])
            if progress:
                progress((number - 1) * len(data) + start + len(chosen), passes * len(data))
        yield model
