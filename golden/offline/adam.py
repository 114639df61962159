"""Adam (Kingma and Ba, arXiv 1412.6980), and the software baseline of the learning experiments that it trains."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from remora.golden.crossbar.weights import initial_weights
from remora.golden.data.load import SequenceSet
from remora.golden.offline.float_model import FloatModel, to_float
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.rng import Purpose, permutation

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

    Raises:
        ValueError: the sequences differ in length.
    """
    if data.lengths is not None:
        raise ValueError("the baseline in floating point trains on sequences of one length")
    model = FloatModel.of(design, initial_weights(design))
    optimiser, x = Adam((model.hidden, model.readout), rate), to_float(design, data.x)
    for number in range(1, passes + 1):
        order = permutation(design.learning.seed, Purpose.SHUFFLE, len(data), number)
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            optimiser.step(model.bptt(x[chosen], data.y[chosen])[1])
            if progress:
                progress((number - 1) * len(data) + start + len(chosen), passes * len(data))
        yield model
