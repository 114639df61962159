"""The calibration of offsets: what converters give of no words, and what takes it off.

Rules K2 and Y4.
"""

from __future__ import annotations

from math import isqrt

import numpy as np

from remora.golden.devices.chip import Chip
from remora.golden.devices.curves import Integers
from remora.golden.devices.reading import Key, column_normals, converted
from remora.spec.crossbar.correction.plan import MEAN_BITS, SAMPLES, columns_together, groups_of
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, adc_shift, layer_layout
from remora.spec.lib.fixed import round_shift, saturate
from remora.spec.lib.rng import Purpose


def samples_of(design: DesignPoint, layer: Layer) -> int:
    """Samples of a layer's tiles that a calibration takes. Rule K2."""
    return SAMPLES * groups_of(design, layer)


def measured_offsets(design: DesignPoint, chip: Chip, layer: Layer, numbers: Integers) -> Integers:
    """r of every column of a layer, (columns,) int64 in codes. Rule K2.

    Args:
        numbers: (`samples_of`,) of the samples, as of rule D17.
    """
    model, made, layout = chip.model, chip.layers[layer], layer_layout(design, layer)
    limit, sigma = design.formats.adc_limit, isqrt(int(model.converter_noise[layer]))
    total = np.zeros((len(numbers), layout.columns), np.int64)
    for tile in layout.tiles:
        gathered = np.zeros((len(numbers), tile.columns), np.int64)
        if sigma:
            key = Key(numbers, purpose=Purpose.PROBE)
            span = tile.first_column, tile.columns
            entries = column_normals(model, made, tile.row_tile, *span, key, (len(numbers),))
            gathered += sigma * entries.astype(np.int64)
        gain, offset = (each[tile.row_tile, tile.column_slice] for each in (made.gain, made.offset))
        total[:, tile.column_slice] += converted(model, gathered, gain, offset, adc_shift(design, layer), limit)
    together = columns_together(design, layer)
    # A column takes the samples of its group.
    sums = saturate(total, limit).reshape(-1, SAMPLES, layout.columns).sum(axis=1)
    columns = np.arange(layout.columns)
    return np.asarray(-round_shift(sums[columns // together, columns], MEAN_BITS), np.int64)
