"""Training of the network in floating point, through time: what local learning is measured against."""

from __future__ import annotations

from collections.abc import Iterator

from remora.golden.crossbar.weights import initial_weights
from remora.golden.data.load import SequenceSet
from remora.golden.offline.adam import Adam
from remora.golden.offline.float_model import FloatModel, to_float
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.rng import Purpose, permutation


def train_float(design: DesignPoint, data: SequenceSet, passes: int, batch: int = 32) -> Iterator[FloatModel]:
    """Train by BPTT with Adam from the design's initial weights; yields the model after every pass."""
    model = FloatModel.of(design, initial_weights(design))
    optimiser, x = Adam((model.hidden, model.readout), 1e-2), to_float(design, data.x)
    for number in range(1, passes + 1):
        order = permutation(design.learning.seed, Purpose.SHUFFLE, len(data), number)
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            optimiser.step(model.bptt(x[chosen], data.y[chosen])[1])
        yield model
