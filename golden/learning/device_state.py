"""The state of real devices in a checkpoint: its arrays, and what becomes of it under another design point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from remora.golden.devices.chip import Chip
from remora.golden.devices.fault_map import FaultMap, check_fault_map, stuck_devices, without_bias_row
from remora.golden.devices.state import DeviceState, LayerState
from remora.golden.learning.moving import GRAINS
from remora.golden.learning.offsets import check_offsets
from remora.spec.crossbar.design import DesignPoint, Devices
from remora.spec.crossbar.layout import Layer
from remora.spec.lib.roles import differences

COUNTED = ("crossbar.levels", "crossbar.pair", "crossbar.bias", GRAINS)
"""Fields by which conductances are counted and moved, beside those of the devices (digital biases have none)."""
ARRAYS = {layer: f"{layer.name.lower()}_devices" for layer in Layer}
COUNTS = "device_counts"
MARKS = {layer: f"{layer.name.lower()}_faults" for layer in Layer}


@dataclass(frozen=True)
class MovedDevices:
    """What became of the devices of a file.

    Attributes:
        state: as the design point at hand can hold it; None where its devices are ideal, or freshly programmed.
        remarks, left_behind: a sentence each.
    """

    state: DeviceState | None = None
    remarks: tuple[str, ...] = ()
    left_behind: tuple[str, ...] = ()


def device_arrays(state: DeviceState | None) -> dict[str, ArrayLike]:
    """Arrays of a file: (4, 2, rows, columns) int64 of each layer, p, n, t and s; and the counts. Rule D5."""
    if state is None:
        return {}
    held = {ARRAYS[layer]: np.stack(state.layers[layer].arrays()) for layer in Layer}
    return {**held, COUNTS: np.array([state.ageings, state.started, *state.probes], np.int64)}


def map_arrays(fault_map: FaultMap | None) -> dict[str, ArrayLike]:
    """Arrays of a file: (2, rows, columns) bool of each layer. Rule P4."""
    return {} if fault_map is None else {MARKS[layer]: fault_map[layer] for layer in Layer}


def move_map(
    design: DesignPoint, content: Mapping[str, NDArray], devices: MovedDevices
) -> tuple[FaultMap | None, MovedDevices]:
    """The fault map of a file, and its devices with it; the map of the stuck devices where the file has devices alone.

    A map stays behind, with a sentence if it marks anything, where the design point has none or its chip is another.

    Args:
        devices: those that moved.

    Raises:
        ValueError: it is damaged.
    """
    held = [content[name] for name in MARKS.values() if name in content]
    if len(held) == 1:
        raise ValueError(f"of its fault map it lacks {', '.join(set(MARKS.values()) - set(content))}")
    fault_map: FaultMap | None = (held[0], held[1]) if held else None
    remarks: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    if fault_map and not design.capabilities.compensates:
        fault_map, left = None, ("the fault map is left behind: learning.compensation is false here",)
    elif fault_map and devices.left_behind:
        fault_map, left = None, ("the fault map is left behind: it is that of another chip",)
    elif not held and devices.state and design.capabilities.compensates:
        chip = Chip.of(design, devices.state.spares)
        fault_map = stuck_devices(chip, design.capabilities.digital_bias)
        remarks = ("it holds no fault map: that of this chip marks the devices that are stuck",)
    if left and not any(marks.any() for marks in held):
        left = ()
    check_shapes(design, fault_map)
    if fault_map and design.capabilities.digital_bias and any(marks[:, -1].any() for marks in fault_map):
        fault_map = without_bias_row(fault_map)
        remarks = ("the fault map loses its marks in the row of biases, which are digital here",)
    state = devices.state and devices.state.with_map(fault_map)
    return fault_map, MovedDevices(state, devices.remarks + remarks, devices.left_behind + left)


def check_map(design: DesignPoint, fault_map: FaultMap | None) -> None:
    """Whether a design point can have this fault map; None is legal everywhere.

    Raises:
        ValueError: it cannot; the message says why.
    """
    if fault_map is None:
        return
    if not design.capabilities.compensates:
        raise ValueError("a fault map is given, but learning.compensation of this design point is false")
    check_shapes(design, fault_map)
    if design.capabilities.digital_bias and any(marks[:, -1].any() for marks in fault_map):
        raise ValueError('a fault map marks devices in the row of biases, which are digital: crossbar.bias = "digital"')


def check_shapes(design: DesignPoint, fault_map: FaultMap | None) -> None:
    """Whether a map has the shapes of a design point's weights; None has.

    Raises:
        ValueError: it has not; the message says what.
    """
    if fault_map is not None:
        network = design.network
        check_fault_map(fault_map, ((design.hidden_rows, network.hidden), (design.readout_rows, network.classes)))


def check_devices(design: DesignPoint, state: DeviceState | None) -> None:
    """Whether a design point can have these devices; None is legal everywhere.

    Raises:
        ValueError: it cannot; the message says why.
    """
    if state is None:
        return
    if design.devices.ideal:
        raise ValueError("the state of real devices is given, but those of this design point are ideal")
    check_map(design, state.check(Chip.of(design, state.spares)).fault_map)
    check_offsets(design, state.offsets)


def move_devices(stored: Mapping[str, Any], design: DesignPoint, content: Mapping[str, NDArray]) -> MovedDevices:
    """The devices of a file under the design point at hand.

    They move to the same chip alone: the same parameters and seed, and conductances counted in the same grains.

    Args:
        stored: the design point of the file, as JSON holds it.
        content: arrays of the file.

    Raises:
        ValueError, TypeError: the state is damaged.
    """
    missing = [name for name in (*ARRAYS.values(), COUNTS) if name not in content]
    if len(missing) == len(ARRAYS) + 1:
        fresh = "its weights are programmed exactly into fresh devices: it holds no state of any"
        return MovedDevices(remarks=() if design.devices.ideal else (fresh,))
    if missing:
        raise ValueError(f"of the state of its devices it lacks {', '.join(missing)}")
    if design.devices.ideal:
        reason = "those of this design point are ideal, and take the nearest levels"
    elif reason := of_another_chip(stored, design):
        reason += "; the nearest levels are programmed exactly into fresh devices"
    else:
        return MovedDevices(_read(content))
    return MovedDevices(left_behind=(f"the state of the devices is left behind: {reason}",))


def of_another_chip(stored: Mapping[str, Any], design: DesignPoint) -> str:
    """How the chip of a file differs from the one at hand; nothing where it does not."""
    theirs, ours = Devices(**stored.get("devices", {})), design.devices
    found = [str(each) for each in differences(stored, design) if each.path in COUNTED]
    mine = {"seed": ours.seed} | ours.resolved()
    for name, value in ({"seed": theirs.seed} | theirs.resolved()).items():
        if value != mine[name]:
            found.append(f"devices.{name} is {value} there, {mine[name]} here")
    return "; ".join(found)


def _read(content: Mapping[str, NDArray]) -> DeviceState:
    layers = []
    for name in ARRAYS.values():
        held = content[name]
        if held.ndim != 4 or len(held) != 4 or held.dtype != np.int64:
            raise ValueError(f"{name} is {held.dtype} of shape {held.shape}; expected int64, (4, 2, rows, columns)")
        layers.append(LayerState(*(array.copy() for array in held)))
    # A file of before probes were counted lacks them.
    counts = content[COUNTS].reshape(-1).tolist()
    if len(counts) not in (2, 4):
        raise ValueError(f"{COUNTS} has {len(counts)} numbers; expected 4")
    ageings, started, hidden, readout = (int(count) for count in (*counts, 0, 0)[:4])
    return DeviceState((layers[0], layers[1]), ageings, started, (hidden, readout))
