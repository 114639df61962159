"""What was learnt as words of the memories that the host reads and writes; `remora.spec.crossbar.column_groups` says
what words hold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from remora.spec.crossbar.column_groups import accumulator_rows
from remora.spec.crossbar.design import DesignPoint


def pack_accumulators(design: DesignPoint, hidden: NDArray[np.integer], readout: NDArray[np.integer]) -> list[int]:
    """χ of both layers as words of the accumulators' memory; those of rows without a weight are 0.

    Rule M9.

    Args:
        hidden, readout: of the shapes of the weights.
    """
    network, bits, held = design.network, design.learning.accumulator_bits, accumulator_rows(design)
    # One row more, of zeros, for what the words hold of no row.
    whole = np.zeros((network.hidden + network.classes, design.hidden_rows + 1), np.int64)
    whole[: network.hidden, :-1] = hidden.T
    whole[network.hidden :, network.features : -1] = readout.T
    positions = [bits * slot for slot in range(held.shape[1])]
    masked = (whole[:, held] & (1 << bits) - 1).reshape(-1, held.shape[1]).tolist()
    return [sum(value << position for value, position in zip(word, positions, strict=True)) for word in masked]


def unpack_accumulators(design: DesignPoint, words: list[int]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """χ of both layers from all words of the accumulators' memory, of the shapes of the weights.

    Rule M9.
    """
    network, bits, held = design.network, design.learning.accumulator_bits, accumulator_rows(design)
    sign, mask = 1 << bits - 1, (1 << bits) - 1
    values = np.array([[(word >> bits * slot & mask ^ sign) - sign for slot in range(held.shape[1])] for word in words])
    values = values.reshape(network.hidden + network.classes, -1)
    rows = held.reshape(-1)
    whole = np.zeros((len(values), design.hidden_rows), np.int32)
    whole[:, rows[rows >= 0]] = values[:, rows >= 0]
    # The readout has no features.
    return whole[: network.hidden].T.copy(), whole[network.hidden :, network.features :].T.copy()
