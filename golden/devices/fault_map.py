"""Fault maps: a mark for each device that a chip must not pulse, since it is stuck. Rules P4 and D23."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from remora.golden.devices.chip import Chip, ChipLayer
from remora.golden.devices.curves import Integers
from remora.spec.devices.model import DeviceModel

FaultMap = tuple[NDArray[np.bool_], NDArray[np.bool_]]
"""Marks of hidden layer and readout, (2, rows, columns) bool each, side 0 is g⁺."""


def stuck_devices(chip: Chip, digital_bias: bool = False) -> FaultMap:
    """The map that marks the devices of a chip that are stuck, and no others. Rule D19.

    Args:
        digital_bias: no pulse reaches the devices of the last rows, which get no mark. Rule K6.
    """
    hidden, readout = (made.endurance == 0 for made in chip.layers)
    return without_bias_row((hidden, readout)) if digital_bias else (hidden, readout)


def without_bias_row(fault_map: FaultMap) -> FaultMap:
    """The same marks, but none in the last rows, which hold no digital bias; shares no memory. Rule K6."""
    hidden, readout = (marks.copy() for marks in fault_map)
    hidden[:, -1] = readout[:, -1] = False
    return hidden, readout


def check_fault_map(fault_map: FaultMap, shapes: tuple[tuple[int, int], tuple[int, int]]) -> None:
    """Whether weights of these shapes, (rows, columns), can have a map.

    Raises:
        ValueError: type or shape is wrong; the message says what.
    """
    for marks, shape in zip(fault_map, shapes, strict=True):
        if marks.dtype != np.bool_ or marks.shape != (2, *shape):
            raise ValueError(f"a fault map is {marks.dtype} of shape {marks.shape}; expected bool of {(2, *shape)}")


def compensated(
    model: DeviceModel, made: ChipLayer, levels: NDArray[np.integer], p: Integers, marks: NDArray[np.bool_]
) -> Integers:
    """p of devices that were programmed to weights, where partners make up for those that are marked. Rule D23.

    Args:
        levels: (rows, columns), the weights.
        p: (2, rows, columns), as they would be without marks.
        marks: (2, rows, columns).
    """
    change = levels.astype(np.int64) * model.level
    partners = np.stack([p[1] + change, p[0] - change])
    within = np.minimum(made.high, np.maximum(made.low, partners))
    return np.where(marks[::-1] & ~marks, within, p)
