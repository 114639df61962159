"""A sequence through the whole core in plain Python: what the answer must be."""

from __future__ import annotations

import numpy as np

from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer
from remora.tb.models.crossbar import CrossbarModel
from remora.tb.models.miru import update
from remora.tb.models.streaming import feature_word


def scores(
    design: DesignPoint,
    models: dict[Layer, CrossbarModel],
    steps: list[bytes],
    reset_coefficient: int,
    update_coefficient: int,
) -> list[int]:
    """Scores of the classes after ``steps`` of feature bytes, from the devices as they are."""
    units, limit, bits = design.network.hidden, design.formats.adc_limit, design.formats.stream_bits
    states, words = [0] * units, [0] * units
    for number, features in enumerate(steps):
        rows = [feature_word(design, byte) for byte in features] + words + [design.formats.stream_limit]
        coefficient = 256 if number == len(steps) - 1 else reset_coefficient
        codes = _sums(models[Layer.HIDDEN], rows, limit)
        results = [
            update(design, code, state, update_coefficient, coefficient)
            for code, state in zip(codes, states, strict=True)
        ]
        states = [result.state for result in results]
        words = [(result.word & design.formats.stream_limit) * (-1 if result.word >> bits else 1) for result in results]
    return _sums(models[Layer.READOUT], words + [design.formats.stream_limit], limit)


def _sums(model: CrossbarModel, words: list[int], limit: int) -> list[int]:
    """Codes of a layer's columns: those of its row tiles added and saturated."""
    codes = np.array(model.codes(np.array(words))).reshape(model.layout.row_tiles, model.layout.columns)
    return np.clip(codes.sum(axis=0), -limit, limit).tolist()
