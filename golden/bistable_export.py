"""From a trained network with bistable cells to codes: levels of both layers and thresholds of the cells."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from golden.bistable_training import BistableModel
from golden.weights import Weights
from spec.layout import Layer, bias_word

CALIBRATION = 1000
"""Sequences whose scores must fit the readout's converter."""


def export(model: BistableModel, x: NDArray) -> Weights:
    """Weights and thresholds of the hardware that does what the model does.

    Each hidden column is scaled by a factor of its own, which its thresholds share, so that its largest weight takes
    all levels. What rounding the bias shifts is taken back by the thresholds, but not below 0, where a rectified sum
    never goes. The level α of each cell multiplies its row of the readout, which is scaled as one: as large as the
    levels allow, but so that no score of ``x`` leaves the converter's range.

    Args:
        x: (n, T, features) feature bytes, such as those trained on; the first `CALIBRATION` count.
    """
    design, p = model.design, model.parameters
    exact = {name: array.astype(np.float64) for name, array in p.items()}
    word = 1 << design.formats.stream_bits
    bias = bias_word(design, Layer.HIDDEN)
    hidden = exact["hidden"]
    # One level of a column stands for 1/scale; 0 only where a whole column is 0.
    scale = design.weight_limit / np.maximum(np.abs(hidden).max(axis=0), 1e-9)
    levels = np.rint(hidden * scale)
    levels[-1] = np.clip(np.rint(hidden[-1] * scale * word / bias), -design.weight_limit, design.weight_limit)
    shifted = levels[-1] * bias - hidden[-1] * scale * word
    low, high = exact["low"], exact["low"] + exact["hysteresis"]
    thresholds = np.array([np.maximum(np.rint(each * scale * word + shifted), 0) for each in (low, high)])
    thresholds = np.minimum(thresholds, design.threshold_limit)

    folded = exact["readout"].copy()
    folded[:-1] *= exact["level"][:, None]
    largest = np.abs(model.scores(x[:CALIBRATION])).max()
    range_ = design.adc_limit << design.readout_adc_shift
    factor = min(design.weight_limit / max(np.abs(folded).max(), 1e-9), range_ / max(float(largest), 1e-9))
    return Weights(
        levels.astype(np.int16), np.rint(folded * factor).astype(np.int16), thresholds.astype(np.int32)
    ).check(design)
