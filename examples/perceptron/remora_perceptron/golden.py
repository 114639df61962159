"""Golden: what a perceptron answers, in integers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from remora.spec.lib.trace import record_types
from remora_perceptron.design import FEATURE_BITS, PerceptronDesign


def initial_weights(design: PerceptronDesign) -> NDArray[np.int16]:
    """Weights of the design's seed in levels, (features, classes)."""
    limit = design.converter.levels - 1
    shape = design.network.features, design.network.classes
    return np.random.default_rng(design.seed).integers(-limit, limit + 1, shape).astype(np.int16)


def draw_vectors(design: PerceptronDesign, count: int, seed: int, largest: int) -> NDArray[np.uint8]:
    """Inputs, (count, features), each 0 … ``largest``, which is below 2 ** `FEATURE_BITS`."""
    assert 0 <= largest < 2**FEATURE_BITS
    shape = count, design.network.features
    return np.random.default_rng(seed).integers(0, largest + 1, shape).astype(np.uint8)


def infer(design: PerceptronDesign, weights: NDArray[np.int16], vectors: NDArray[np.uint8]) -> NDArray:
    """Records ``answer`` of the vectors: half is added before bits are dropped; of equal scores the first wins."""
    sums = vectors.astype(np.int64) @ weights.astype(np.int64)
    rounded = (sums + ((1 << design.adc_shift) >> 1)) >> design.adc_shift
    records = np.zeros(len(vectors), record_types(design)["answer"])
    records["scores"] = np.clip(rounded, -design.adc_limit, design.adc_limit)
    records["decision"] = records["scores"].argmax(axis=1)
    records["tag"] = np.arange(len(vectors)) % 256
    return records
