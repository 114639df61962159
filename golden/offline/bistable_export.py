"""From a network with bistable cells in floating point to codes: levels of both layers and thresholds of the cells."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from remora.golden.crossbar.weights import Weights
from remora.golden.offline.bmru_gradient import Parameters
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, bias_word

TAIL = 4.0
"""Readout weights beyond so many times the root of their mean square take the last level, to leave the others more."""
TINY = 1e-6
"""Keeps the scale of weights that are all 0 finite."""


def fold_levels(parameters: Parameters) -> None:
    """Move the level α of every cell into its row of the readout, in place; the network stays the same."""
    parameters["readout"][:-1] *= parameters["level"][:, None]
    parameters["level"][:] = 1


def limit_tail(parameters: Parameters) -> None:
    """Bring readout weights within what the last level stands for, in place."""
    readout = parameters["readout"]
    largest = _largest(readout)
    np.clip(readout, -largest, largest, out=readout)


def _largest(readout: NDArray) -> float:
    """Magnitude of the last level of the readout."""
    return max(min(float(np.abs(readout).max()), TAIL * float(np.sqrt(np.mean(readout**2)))), TINY)


def quantise(design: DesignPoint, parameters: Parameters) -> tuple[Weights, Parameters]:
    """Weights and thresholds of the hardware that does what the network does, and what they mean as real numbers.

    Rule H3.

    Each hidden column is scaled by a factor of its own, which its thresholds share, so that its largest weight takes
    all levels. What rounding the bias shifts is taken back by the thresholds, but not below 0, where a rectified sum
    never goes. The readout is scaled as one.

    Args:
        parameters: of `remora.golden.offline.bistable_training.BistableModel`, levels α folded.

    Raises:
        ValueError: some level α is not 1.
    """
    if (parameters["level"] != 1).any():
        raise ValueError("fold the cells' levels into the readout first: fold_levels")
    limit = design.crossbar.weight_limit
    hidden, readout = (parameters[name].astype(np.float64) for name in ("hidden", "readout"))
    word, bias = 1 << design.formats.stream_bits, bias_word(design, Layer.HIDDEN)
    scale = limit / np.maximum(np.abs(hidden).max(axis=0), TINY)
    levels = np.rint(hidden * scale)
    levels[-1] = np.clip(np.rint(hidden[-1] * scale * word / bias), -limit, limit)
    shift = levels[-1] * bias - hidden[-1] * scale * word
    low = parameters["low"].astype(np.float64)
    exact = np.array([low, low + parameters["hysteresis"]])
    thresholds = np.clip(np.rint(exact * scale * word + shift), 0, design.threshold_limit)

    factor = limit / _largest(readout)
    readout_levels = np.clip(np.rint(readout * factor), -limit, limit)
    weights = Weights(levels.astype(np.int16), readout_levels.astype(np.int16), thresholds.astype(np.int32))

    meant = np.concatenate([levels[:-1], levels[-1:] * bias / word]) / scale
    low, high = thresholds / (scale * word)
    seen = {"hidden": meant, "low": low, "hysteresis": high - low, "readout": readout_levels / factor}
    seen = {name: array.astype(np.float32) for name, array in seen.items()}
    return weights.check(design), {name: seen.get(name, array) for name, array in parameters.items()}
