"""What was learnt as words of the memories that the host reads and writes; `remora.spec.crossbar.learning` says what
words hold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from remora.spec.crossbar.design import DesignPoint


def pack_accumulators(design: DesignPoint, hidden: NDArray[np.integer], readout: NDArray[np.integer]) -> list[int]:
    """χ of both layers as words of the accumulators' memory; those of lanes without a weight are 0.

    Args:
        hidden, readout: of the shapes of the weights.
    """
    network, lanes, bits = design.network, design.learning_lanes, design.learning.accumulator_bits
    whole = np.zeros((network.hidden + network.classes, design.learning_folds * lanes), np.int64)
    whole[: network.hidden, : design.hidden_rows] = hidden.T
    whole[network.hidden :, network.features : design.hidden_rows] = readout.T
    positions = [bits * lane for lane in range(lanes)]
    masked = (whole & (1 << bits) - 1).reshape(-1, lanes).tolist()
    return [sum(value << position for value, position in zip(word, positions, strict=True)) for word in masked]
