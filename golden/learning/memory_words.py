"""What was learnt as words of the memories that the host reads and writes; `remora.spec.crossbar.memories` says what
words hold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.memories import GROUP_BITS


def pack_accumulators(design: DesignPoint, hidden: NDArray[np.integer], readout: NDArray[np.integer]) -> list[int]:
    """χ of both layers as the host's words, a column each, in 32 bits a row; those of rows without a weight are 0.

    Rule M9.

    Args:
        hidden, readout: of the shapes of the weights.
    """
    network = design.network
    whole = np.zeros((network.hidden + network.classes, design.hidden_rows), "<i4")
    whole[: network.hidden] = hidden.T
    whole[network.hidden :, network.features :] = readout.T
    return [int.from_bytes(column.tobytes(), "little") for column in whole]


def unpack_accumulators(design: DesignPoint, words: list[int]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """χ of both layers from all of the host's words, of the shapes of the weights.

    Rule M9.
    """
    network, rows = design.network, design.hidden_rows
    content = b"".join(word.to_bytes(rows * GROUP_BITS // 8, "little") for word in words)
    whole = np.frombuffer(content, "<i4").reshape(network.hidden + network.classes, rows).astype(np.int32)
    # The readout has no features.
    return whole[: network.hidden].T.copy(), whole[network.hidden :, network.features :].T.copy()
