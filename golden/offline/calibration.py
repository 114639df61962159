"""Calibration of an imported MiRU network on data of the user: the readout's scale, and how weights are rounded.

A decision does not change when the readout is scaled, but its conversions do: too large scores saturate, too small ones
differ by less than a code. The scale is chosen first. Then each layer is rounded so that later rows make up for what
rounding earlier ones changes in the column's sum, on this data.
Source of the rounding: GPTQ (arXiv 2210.17323), after Optimal Brain Surgeon.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from remora.golden.crossbar.array import TiledLayer, layer_dtype
from remora.golden.crossbar.inference import infer
from remora.golden.data.sequences import SequenceSet
from remora.golden.learning.checkpoint import Checkpoint
from remora.golden.offline.crossbar_import import import_network
from remora.golden.offline.float_model import FloatModel
from remora.golden.offline.float_run import BATCH, float_model, float_runs, float_scores
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, bias_word

QUANTILE = 0.999
"""Share of the scores that full scale holds at the scale in the middle of those that are tried."""
SCALES = 2.0 ** np.arange(-2.0, 1.25, 0.25)
"""Scales that are tried, over that in the middle."""
AROUND = 2.0 ** np.array([-0.5, 0.0, 0.5])
"""Scales that are tried again once the weights are rounded with compensation, over the chosen one."""
DAMPING = 0.01
"""What is added to the mean squares of wordlines, over their mean: it keeps a wordline that is always 0 harmless."""


@dataclass(frozen=True)
class Trial:
    """One way to make codes of a network.

    Attributes:
        scale: of the readout.
        compensated: rounding makes up for its own errors; else each weight is its nearest level.
        agreement: share of the calibration's decisions that are those of the float network, 0 … 1.
    """

    scale: float
    compensated: bool
    agreement: float


@dataclass(frozen=True)
class Calibration:
    """What calibration chose.

    Attributes:
        plain: every weight is its nearest level, the readout as it is in the file.
        scaled: the same with the readout scaled.
        best: with the rounding that agrees with the float network most often.
        chosen: how `best` was made; `scaled_by`: the scale of `scaled`.
        trials: everything that was tried, in this order.
        sequences: how many they were compared on.
    """

    plain: Checkpoint
    scaled: Checkpoint
    best: Checkpoint
    chosen: Trial
    scaled_by: float
    trials: tuple[Trial, ...]
    sequences: int


def calibrate(
    design: DesignPoint, arrays: Mapping[str, ArrayLike], data: SequenceSet, metadata: dict | None = None
) -> Calibration:
    """Choose by the decisions on some sequences; their labels are not used.

    Args:
        arrays: of a MiRU network, as `import_network` takes them.
        data: the calibration's part of the data, at least one sequence.
        metadata: as of `import_network`; ``calibration`` is added to that of the chosen network.

    Raises:
        ImportedWeightsError: the arrays do not fit the design point.
    """
    plain = import_network(design, arrays, metadata)
    model = float_model(design, arrays)
    scores = float_scores(design, model, data)
    trials = _Trials(design, data, scores.argmax(axis=1), metadata)
    middle = full_scale(design) / max(float(np.quantile(np.abs(scores), QUANTILE)), 1e-12)
    for scale in sorted({1.0, *(middle * SCALES).tolist()}):
        trials.attempt(scale, False, scaled_readout(arrays, scale))
    scaled, scaled_network = trials.best(middle)
    hidden, products = compensated_hidden(design, model, data)
    rounded = dict(arrays) | _rows(design, hidden)
    for scale in (scaled.scale * AROUND).tolist():
        readout = compensated(design, Layer.READOUT, model.readout * scale, products)
        trials.attempt(scale, True, rounded | {"readout": readout[:-1], "readout_bias": readout[-1]})
    chosen, best = trials.best(scaled.scale)
    about = {"scale": chosen.scale, "compensated": chosen.compensated, "sequences": len(data)}
    best = replace(best, metadata=best.metadata | {"calibration": about | {"agreement": chosen.agreement}})
    every = tuple(trial for trial, _ in trials.made)
    return Calibration(plain, scaled_network, best, chosen, scaled.scale, every, len(data))


class _Trials:
    """Networks that were made, and how often each agrees with the float network."""

    def __init__(
        self, design: DesignPoint, data: SequenceSet, wanted: NDArray[np.int64], metadata: dict | None
    ) -> None:
        self.made: list[tuple[Trial, Checkpoint]] = []
        self._design, self._data, self._wanted, self._metadata = design, data, wanted, metadata
        self._hidden: NDArray[np.int16] | None = None
        self._words: NDArray[np.int16] | None = None

    def attempt(self, scale: float, compensated: bool, arrays: Mapping[str, ArrayLike]) -> None:
        """Make codes of arrays, and compare their decisions."""
        network = import_network(self._design, arrays, self._metadata)
        if self._hidden is None or not np.array_equal(self._hidden, network.weights.hidden):
            # Only the readout differs from most trials to the next.
            self._hidden, self._words = network.weights.hidden, _readout_words(self._design, network, self._data)
        assert self._words is not None
        decided = _decide(self._design, network.weights.readout, self._words)
        self.made.append((Trial(scale, compensated, float(np.mean(decided == self._wanted))), network))

    def best(self, middle: float) -> tuple[Trial, Checkpoint]:
        """The one that agrees most often; of equals that whose scale is nearest to ``middle``."""
        return max(self.made, key=lambda one: (one[0].agreement, -abs(float(np.log(one[0].scale / middle)))))


def _readout_words(design: DesignPoint, network: Checkpoint, data: SequenceSet) -> NDArray[np.int16]:
    """Words that stream the last states to the readout, (n, hidden)."""
    found = []
    for start in range(0, len(data), BATCH):
        part = data.where(slice(start, start + BATCH))
        record = infer(design, network.weights, part.x, part.lengths, network.coefficients, record=True).record
        assert record
        ends = (np.arange(len(part)), part.steps - 1) if design.capabilities.reads_every_step else slice(None)
        found.append(record.readout_words[ends][:, :-1])
    return np.concatenate(found)


def _decide(design: DesignPoint, readout: NDArray[np.int16], words: NDArray[np.int16]) -> NDArray[np.int64]:
    """Decisions of ideal devices for the words of sequences, (n,)."""
    dtype, shape = layer_dtype(design), (len(words), design.network.classes)
    layer = TiledLayer(design, Layer.READOUT, readout, dtype)
    scores, work = np.empty(shape, dtype), np.empty(shape, dtype)
    layer.read(words.astype(dtype), np.empty((len(layer.row_tiles), *shape), dtype), scores, work)
    return scores.argmax(axis=1)


def full_scale(design: DesignPoint) -> float:
    """Largest score that a converter gives, in units of the candidate's argument."""
    return design.formats.adc_limit / (1 << design.formats.adc_fraction_bits)


def scaled_readout(arrays: Mapping[str, ArrayLike], scale: float) -> dict[str, ArrayLike]:
    """The arrays with readout and its bias times a scale."""
    return dict(arrays) | {name: np.asarray(arrays[name], np.float64) * scale for name in ("readout", "readout_bias")}


def compensated_hidden(
    design: DesignPoint, model: FloatModel, data: SequenceSet
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The hidden layer as `compensated` rounds it on the float network's wordlines, and the mean products of the
    readout's wordlines, (hidden + 1, hidden + 1)."""
    rows, units = model.hidden.shape[0], model.hidden.shape[1]
    hidden, readout, steps = np.zeros((rows, rows)), np.zeros((units + 1, units + 1)), 0
    for run in float_runs(design, model, data):
        sent = _with_bias(design, Layer.HIDDEN, run.wordlines[run.running])
        hidden, steps = hidden + sent.T @ sent, steps + len(sent)
        last = _with_bias(design, Layer.READOUT, run.last)
        readout = readout + last.T @ last
    return compensated(design, Layer.HIDDEN, model.hidden, hidden / steps), readout / len(data)


def compensated(
    design: DesignPoint, layer: Layer, weights: NDArray[np.floating], products: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Weights of whole levels whose column sums are close to those of ``weights``.

    Rows are rounded one by one, that of the strongest wordline first. The rows still to come take the change of
    least squares that makes up for the error so far.

    Args:
        weights: (rows, columns), the bias last.
        products: (rows, rows), mean products of the wordlines' values, that of the bias last.

    Returns:
        (rows, columns) such that `import_network` finds exactly these levels.
    """
    one = bias_word(design, layer) / (1 << design.formats.stream_bits)
    left = weights.astype(np.float64)
    left[-1] /= one
    strength = np.diag(products)
    order = np.argsort(-strength, kind="stable")
    left = left[order]
    damped = products[np.ix_(order, order)] + max(DAMPING * strength.mean(), 1e-12) * np.eye(len(order))
    factor = np.linalg.cholesky(np.linalg.inv(damped)).T
    level, limit = 2.0**-design.crossbar.level_bits, design.crossbar.weight_limit
    rounded = np.empty_like(left)
    for row in range(len(left)):
        rounded[row] = np.clip(np.rint(left[row] / level), -limit, limit) * level
        error = (left[row] - rounded[row]) / factor[row, row]
        left[row + 1 :] -= np.outer(factor[row, row + 1 :], error)
    found = np.empty_like(rounded)
    found[order] = rounded
    found[-1] *= one
    return found


def _with_bias(design: DesignPoint, layer: Layer, values: NDArray[np.float64]) -> NDArray[np.float64]:
    one = bias_word(design, layer) / (1 << design.formats.stream_bits)
    return np.concatenate([values, np.full((len(values), 1), one)], axis=1)


def _rows(design: DesignPoint, hidden: NDArray[np.float64]) -> dict[str, ArrayLike]:
    features = design.network.features
    return {"input": hidden[:features], "recurrent": hidden[features:-1], "bias": hidden[-1]}
