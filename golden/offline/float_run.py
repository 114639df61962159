"""An imported MiRU network in real numbers of 64 bits, step by step: what its codes are compared with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from remora.golden.data.sequences import SequenceSet
from remora.golden.offline.float_model import FloatModel, to_float
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.formats import COEFFICIENT_BITS

BATCH = 256
"""Sequences computed together, so that long ones do not fill the memory."""


@dataclass(frozen=True)
class FloatRun:
    """What a network did with n sequences of up to T steps, float64; nothing is said of steps beyond a sequence's end.

    Attributes:
        wordlines: (n, T, features + hidden) inputs x_t and β h_{t-1} of the hidden layer.
        arguments: (n, T, hidden) of tanh.
        running: (n, T) which steps are of the sequence.
        last: (n, hidden) h after the last step; `scores`: (n, classes).
    """

    wordlines: NDArray[np.float64]
    arguments: NDArray[np.float64]
    running: NDArray[np.bool_]
    last: NDArray[np.float64]
    scores: NDArray[np.float64]


def float_model(design: DesignPoint, arrays: Mapping[str, ArrayLike]) -> FloatModel:
    """The network of arrays as `remora.golden.offline.crossbar_import.import_network` takes them, in float64."""
    layers = [
        np.vstack([np.asarray(arrays[name], np.float64) for name in names])
        for names in (("input", "recurrent", "bias"), ("readout", "readout_bias"))
    ]
    own = design.cell.reset_coefficient, design.cell.update_coefficient
    gates = (
        float(np.asarray(arrays.get(name, value / (1 << COEFFICIENT_BITS))))
        for name, value in zip(("reset", "update"), own, strict=True)
    )
    hidden, readout = layers
    reset, update = gates
    return FloatModel(hidden, readout, reset, update)


def float_runs(design: DesignPoint, model: FloatModel, data: SequenceSet) -> Iterator[FloatRun]:
    """Run sequences, `BATCH` at a time, in their order."""
    features = design.network.features
    for start in range(0, len(data), BATCH):
        part = data.where(slice(start, start + BATCH))
        x = to_float(design, part.x, np.float64)
        _, states, _ = model.forward(x, history=True)
        sent = np.concatenate([x, (model.reset * states[:-1]).swapaxes(0, 1)], axis=2)
        last = states[part.steps, np.arange(len(part))]
        running = np.arange(x.shape[1]) < part.steps[:, None]
        arguments = sent[..., :features] @ model.hidden[:features] + sent[..., features:] @ model.hidden[features:-1]
        scores = last @ model.readout[:-1] + model.readout[-1]
        yield FloatRun(sent, arguments + model.hidden[-1], running, last, scores)


def float_scores(design: DesignPoint, model: FloatModel, data: SequenceSet) -> NDArray[np.float64]:
    """Scores after the last step of each sequence, (n, classes)."""
    return np.concatenate([run.scores for run in float_runs(design, model, data)])
