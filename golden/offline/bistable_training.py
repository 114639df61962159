"""Offline training of the network with bistable cells at the bitlines, in floating point, and its export to codes.

    ĥ_t = relu(Wᵀ x_t + b)      h_t by the cells' recurrence, with ε annealed from 1 to 0      o = Vᵀ h_T + b_o

Recurrence, surrogate and annealing are those of `remora.golden.offline.bmru_gradient` and its training (arXiv
2605.15216). The loss is the softmax cross-entropy of the last step. Going backward the rectifier is transparent, since
a cell that it silences would never learn again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil, pi

import numpy as np
from numpy.typing import NDArray

from remora.golden.crossbar.thresholds import INITIAL_HIGH, INITIAL_LOW
from remora.golden.crossbar.weights import Weights
from remora.golden.data.load import SequenceSet
from remora.golden.lib.bmru import cell_states
from remora.golden.offline.adam import Adam
from remora.golden.offline.bistable_export import fold_levels, limit_tail, quantise
from remora.golden.offline.bmru_gradient import CELL_PARTS, Parameters, Setting, differentiate_cells, run_cells
from remora.golden.offline.descent import Descent
from remora.golden.offline.float_model import to_float
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.rng import Purpose, normal, permutation

INPUT_SCALE = 3.0
"""Initial deviation of ``Wᵀ x`` for inputs of norm 1, in units of the model: enough to cross the hysteresis often."""
REST_MARGIN = 0.25
"""Least distance of a cell at rest, where its candidate is its bias, from either threshold, in units of hysteresis."""
SCORE_BATCH = 1000


@dataclass(frozen=True, kw_only=True)
class Schedule(Descent):
    """What decides a training, with data and design point, whose learning seed it takes.

    Attributes:
        passes: over the training set, in floating point.
        tuning: further passes as codes, as a share of these, rounded up.
        tuning_rate: peak learning rate of tuning, which falls to zero as `rate` does.
    """

    passes: int
    tuning: float = 0.25
    epsilon_end: float = 0.9
    tuning_rate: float = 0.003

    @property
    def tuning_passes(self) -> int:
        """Passes as codes."""
        return ceil(self.tuning * self.passes)


class BistableModel:
    """The network in floating point.

    Attributes:
        parameters: ``hidden`` (features + 1, hidden) and ``readout`` (hidden + 1, classes), biases last; ``low``,
            ``hysteresis`` and ``level`` of the cells, (hidden,); float32.
    """

    def __init__(self, design: DesignPoint, parameters: Parameters):
        self.design, self.parameters = design, parameters

    def copy(self) -> BistableModel:
        """The same network with parameters of its own."""
        return BistableModel(self.design, {name: array.copy() for name, array in self.parameters.items()})

    @classmethod
    def initial(cls, design: DesignPoint) -> BistableModel:
        """Before training: normal weights from the learning seed, every bias in the middle of the hysteresis.

        So a cell holds what it has while nothing comes in.
        """
        network, seed = design.network, design.learning.seed
        drawn = [
            normal(seed, Purpose.BISTABLE_TRAINING, np.arange(rows)[:, None], np.arange(columns))
            for rows, columns in (
                (network.features, network.hidden),
                (network.features + network.hidden, network.classes),
            )
        ]
        hidden = drawn[0] * INPUT_SCALE / np.sqrt(network.features)
        readout = drawn[1][network.features :] / np.sqrt(network.hidden)
        rest = np.full((1, network.hidden), (INITIAL_LOW + INITIAL_HIGH) / 2)
        parameters = {
            "hidden": np.concatenate([hidden, rest]),
            "low": np.full(network.hidden, INITIAL_LOW),
            "hysteresis": np.full(network.hidden, INITIAL_HIGH - INITIAL_LOW),
            "level": np.ones(network.hidden),
            "readout": np.concatenate([readout, np.zeros((1, network.classes))]),
        }
        return cls(design, {name: array.astype(np.float32) for name, array in parameters.items()})

    def scores(self, x: NDArray, lengths: NDArray[np.integer] | None = None) -> NDArray[np.floating]:
        """Scores (n, classes) of feature bytes (n, T, features) and steps of each, T for all where None; ε = 0."""
        p = self.parameters
        batches, last = [], np.full(len(x), x.shape[1]) - 1 if lengths is None else lengths - 1
        for start in range(0, len(x), SCORE_BATCH):
            candidate = np.maximum(
                to_float(self.design, x[start : start + SCORE_BATCH]) @ p["hidden"][:-1] + p["hidden"][-1], 0
            )
            states = cell_states(candidate, p["low"], p["low"] + p["hysteresis"])
            states = states[np.arange(len(states)), last[start : start + SCORE_BATCH]]
            batches.append((states * p["level"]) @ p["readout"][:-1] + p["readout"][-1])
        return np.concatenate(batches)

    def accuracy(self, data: SequenceSet) -> float:
        """Share of sequences decided rightly, 0 … 1."""
        return float(np.mean(self.scores(data.x, data.lengths).argmax(axis=1) == data.y))

    def loss_and_gradient(
        self, x: NDArray, y: NDArray[np.integer], setting: Setting, lengths: NDArray[np.integer] | None = None
    ) -> tuple[float, Parameters]:
        """Mean cross-entropy of sequences, and its gradient.

        Args:
            x: (T, n, features) of the parameters' type. ``y``: (n,).
            setting: ε, and whether the steps are smooth, of which alone the gradient is exact; dropout masks are not
                used. Where they are smooth the rectifier is not transparent either.
            lengths: (n,) steps of each; T for all where None. What lies beyond has no gradient.
        """
        p, everyone = self.parameters, np.arange(len(y))
        last = np.full(len(y), len(x)) - 1 if lengths is None else lengths - 1
        inputs = np.concatenate([x, np.ones((*x.shape[:2], 1), x.dtype)], axis=2)
        flat = inputs.reshape(-1, inputs.shape[2])
        rectified = np.maximum(flat @ p["hidden"], 0).reshape(*x.shape[:2], -1)
        low, hysteresis, level = (p[part] for part in CELL_PARTS)
        past = run_cells(rectified, low, hysteresis, level, setting)
        sent = np.concatenate([past.state[last, everyone], np.ones((x.shape[1], 1), x.dtype)], axis=1)
        outputs = sent @ p["readout"]
        outputs -= outputs.max(axis=1, keepdims=True)
        error = np.exp(outputs)
        sums = error.sum(axis=1, keepdims=True)
        loss = float(np.mean(np.log(sums[:, 0]) - outputs[everyone, y]))
        error /= sums
        error[everyone, y] -= 1
        error /= x.dtype.type(len(y))
        by_output = np.zeros_like(past.state)
        by_output[last, everyone] = error @ p["readout"][:-1].T
        by_candidate, gradient = differentiate_cells(by_output, past, p["level"], setting)
        if setting.smooth:
            by_candidate = by_candidate * (rectified > 0)
        gradient |= {"readout": sent.T @ error, "hidden": flat.T @ by_candidate.reshape(len(flat), -1)}
        return loss, {name: gradient[name] for name in p}


def train_bistable(
    design: DesignPoint, data: SequenceSet, schedule: Schedule, progress: Callable[[int], None] | None = None
) -> Iterator[BistableModel]:
    """Train a network from its initial state; yields the same model, changed in place, after every pass.

    Args:
        progress: called after every step of the optimiser with the number of sequences in it.
    """
    model = BistableModel.initial(design)
    optimiser = Adam(model.parameters.values(), schedule.rate)
    for batches in _passes(design, data, schedule, range(1, schedule.passes + 1), progress):
        for done, x, y, lengths in batches:
            _, gradient = model.loss_and_gradient(x, y, Setting(schedule.epsilon(done)), lengths)
            schedule.descend(optimiser, gradient, pi * done)
            _keep_legal(model.parameters)
        yield model


def tune_codes(
    model: BistableModel, data: SequenceSet, schedule: Schedule, progress: Callable[[int], None] | None = None
) -> Iterator[Weights]:
    """Codes of a trained network, rounded, and then after every pass of tuning.

    Tuning's forward passes see what the codes mean, while the exact numbers are changed: the model's, in place, and
    what it holds afterwards means something only as codes.

    Args:
        progress: as of `train_bistable`.
    """
    design, first = model.design, schedule.passes + 1
    optimiser = Adam(model.parameters.values(), schedule.tuning_rate)
    fold_levels(model.parameters)
    yield quantise(design, model.parameters)[0]
    for batches in _passes(design, data, schedule, range(first, first + schedule.tuning_passes), progress):
        for done, x, y, lengths in batches:
            seen = BistableModel(design, quantise(design, model.parameters)[1])
            _, gradient = seen.loss_and_gradient(x, y, Setting(), lengths)
            # The levels are in the readout by now.
            gradient["level"] = np.zeros_like(gradient["level"])
            schedule.descend(optimiser, gradient, pi * done)
            _keep_legal(model.parameters)
            # What the last level stands for must not run away from it.
            limit_tail(model.parameters)
        yield quantise(design, model.parameters)[0]


def _passes(
    design: DesignPoint, data: SequenceSet, schedule: Schedule, passes: range, progress: Callable[[int], None] | None
) -> Iterator[Iterator[tuple[float, NDArray, NDArray, NDArray]]]:
    """Batches of every pass, each pass in its own order.

    A batch is the share of all sequences that went before it, x (T, n, features), y, and steps of each.
    """

    def batches(before: int, number: int) -> Iterator[tuple[float, NDArray, NDArray, NDArray]]:
        order = permutation(design.learning.seed, Purpose.SHUFFLE, len(data), number)
        for start in range(0, len(order), schedule.batch):
            part = data.where(order[start : start + schedule.batch])
            x = to_float(design, np.ascontiguousarray(part.x.transpose(1, 0, 2)))
            yield (before * len(data) + start) / (len(passes) * len(data)), x, part.y, part.steps
            if progress:
                progress(len(part))

    for before, number in enumerate(passes):
        yield batches(before, number)


def _keep_legal(parameters: Parameters) -> None:
    """Levels and thresholds are not negative, and at rest a cell holds what it has, with a margin either side.

    Left to itself, training brings most cells to rest on their low threshold, within a millionth of it, where noise or
    rounding decide whether they remember anything at all.
    """
    for part in CELL_PARTS:
        np.maximum(parameters[part], 0, out=parameters[part])
    rest, low, hysteresis = parameters["hidden"][-1], parameters["low"], parameters["hysteresis"]
    np.clip(rest, low + REST_MARGIN * hysteresis, low + (1 - REST_MARGIN) * hysteresis, out=rest)
