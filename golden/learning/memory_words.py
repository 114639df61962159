"""What was learnt as words of the memories that the host reads and writes; `remora.spec.crossbar.memories` says what
words hold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from remora.golden.devices.fault_map import FaultMap
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.learning import DEVICES_OF_PAIR, fault_word_bits
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


def pack_faults(design: DesignPoint, fault_map: FaultMap) -> list[int]:
    """A fault map as the host's words, a column each; the marks of rows without a weight are 0.

    Rule M16.
    """
    network = design.network
    whole = np.zeros((network.hidden + network.classes, design.hidden_rows, DEVICES_OF_PAIR), bool)
    hidden, readout = (marks.transpose(2, 1, 0) for marks in fault_map)
    whole[: network.hidden] = hidden
    whole[network.hidden :, network.features :] = readout
    packed = np.packbits(whole.reshape(len(whole), -1), axis=1, bitorder="little")
    return [int.from_bytes(column.tobytes(), "little") for column in packed]


def unpack_faults(design: DesignPoint, words: list[int]) -> FaultMap:
    """A fault map from all of the host's words.

    Rule M16.
    """
    network, bits = design.network, fault_word_bits(design)
    content = b"".join(word.to_bytes(-(-bits // 8), "little") for word in words)
    packed = np.frombuffer(content, np.uint8).reshape(network.hidden + network.classes, -1)
    marks = np.unpackbits(packed, axis=1, count=bits, bitorder="little").astype(bool)
    whole = marks.reshape(len(packed), design.hidden_rows, DEVICES_OF_PAIR).transpose(2, 1, 0)
    # The readout has no features.
    return whole[:, :, : network.hidden].copy(), whole[:, network.features :, network.hidden :].copy()
