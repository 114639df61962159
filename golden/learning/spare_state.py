"""Spare columns in a checkpoint: what they stand in for, their devices, and what becomes of both under another design
point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from remora.golden.devices.chip import Chip
from remora.golden.devices.state import DeviceState, LayerState
from remora.golden.learning.device_state import MovedDevices
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer
from remora.spec.crossbar.spares.spare_map import SpareMap
from remora.spec.lib.roles import differences

SPARES = "spares"
PARKED = {layer: f"{layer.name.lower()}_parked_devices" for layer in Layer}
WHERE = ("crossbar.rows", "crossbar.columns", "crossbar.spare_columns")
"""Fields that say which tiles and spares there are."""


def spare_arrays(spares: SpareMap | None, state: DeviceState | None) -> dict[str, ArrayLike]:
    """Arrays of a file: (tiles, spares) int16, the column of each or −1; and where devices are real (4, 2, rows, spares
    of all column tiles) int64 of each layer, p, n, t and s of what serves no column. Rules D5 and Y5."""
    if spares is None:
        return {}
    held: dict[str, ArrayLike] = {SPARES: np.array(spares.columns, np.int16)}
    for layer in Layer:
        parked = state.layers[layer].parked if state else None
        if parked:
            held[PARKED[layer]] = np.stack(parked.arrays())
    return held


def move_spares(
    stored: Mapping[str, Any], design: DesignPoint, content: Mapping[str, NDArray], devices: MovedDevices
) -> tuple[SpareMap | None, MovedDevices]:
    """The map of a file, and its devices with those of its spares.

    They move where tiles and spares are the same and the chip is not another one. Elsewhere a map that is in use stays
    behind, and with it the devices, some of which belong to spares; a sentence says so.

    Args:
        stored: the design point of the file, as JSON holds it.
        content: arrays of the file.
        devices: those that moved, without those of spares.

    Raises:
        ValueError: map or devices are damaged.
    """
    found, state = _read(content), devices.state
    same = not any(each.path in WHERE for each in differences(stored, design))
    here = SpareMap.idle(design) if design.capabilities.spares else None
    if found is None or not (same or found.used):
        return here, replace(devices, state=state and _with_fresh_spares(design, state))
    if same and found.used and devices.left_behind and not design.devices.ideal:
        said = "the map of the spare columns is left behind: it is that of another chip"
        return here, replace(devices, left_behind=(*devices.left_behind, said))
    if not same:
        said = "the map of the spare columns is left behind: tiles or spares are others here"
        if state:
            said += "; so is the state of the devices, some of which are those of spares"
        return here, MovedDevices(None, devices.remarks, (*devices.left_behind, said))
    if state:
        missing = [name for name in PARKED.values() if name not in content]
        if missing:
            raise ValueError(f"of the state of its devices it lacks {', '.join(missing)}")
        layers = [
            replace(state.layers[layer], parked=LayerState(*(each.copy() for each in content[PARKED[layer]])))
            for layer in Layer
        ]
        state = replace(state, layers=(layers[0], layers[1]), spares=found)
    return found.check(design), replace(devices, state=state)


def _with_fresh_spares(design: DesignPoint, state: DeviceState) -> DeviceState:
    """A state without spares on a chip that may have some."""
    chip = Chip.of(design)
    zero = [np.zeros(made.shape[1:], np.int64) for made in chip.layers]
    fresh = DeviceState.fresh(chip, (zero[0], zero[1]))
    layers = [replace(held, parked=other.parked) for held, other in zip(state.layers, fresh.layers, strict=True)]
    return replace(state, layers=(layers[0], layers[1]), spares=chip.spares)


def _read(content: Mapping[str, NDArray]) -> SpareMap | None:
    if SPARES not in content:
        return None
    held = content[SPARES]
    if held.ndim != 2 or not np.issubdtype(held.dtype, np.integer):
        raise ValueError(f"{SPARES} is {held.dtype} of shape {held.shape}; expected integers, (tiles, spares)")
    return SpareMap(tuple(tuple(each) for each in held.tolist()))
