"""The offsets that a chip takes off its columns, in a checkpoint. Rules K1 and K3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from remora.golden.devices.chip import Chip
from remora.golden.devices.state import DeviceState
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, layer_layout

Offsets = tuple[NDArray[np.int64], NDArray[np.int64]]
"""r of hidden layer and readout, (columns,) each, in codes."""
ARRAYS = {layer: f"{layer.name.lower()}_offsets" for layer in Layer}


def no_offsets(design: DesignPoint) -> Offsets:
    """Those of a chip after the reset pin. Rule K3."""
    hidden, readout = (np.zeros(layer_layout(design, layer).columns, np.int64) for layer in Layer)
    return hidden, readout


def offset_arrays(offsets: Offsets | None) -> dict[str, ArrayLike]:
    """Arrays of a file: (columns,) int64 of each layer."""
    return {} if offsets is None else {ARRAYS[layer]: offsets[layer] for layer in Layer}


def read_offsets(
    design: DesignPoint, content: Mapping[str, Any], state: DeviceState | None, elsewhere: bool
) -> tuple[Offsets | None, DeviceState | None, tuple[str, ...], tuple[str, ...]]:
    """The offsets of a file, its devices with them, remarks, and what is left behind.

    They belong to a chip and move to the same one alone, with its devices or, where a host read them from hardware,
    without. Where they stay behind and are not all 0, a sentence says so. A chip that calibrates measures them anew
    where the file has devices alone.

    Args:
        state: of the devices that moved; None where the design point at hand has ideal ones, or fresh ones, which are
            calibrated as they are programmed.
        elsewhere: the file is of another chip than the design point at hand describes.

    Raises:
        ValueError: they are damaged.
    """
    held = [content[name] for name in ARRAYS.values() if name in content]
    if len(held) == 1:
        raise ValueError(f"of its offsets it lacks {', '.join(set(ARRAYS.values()) - set(content))}")
    if not design.capabilities.calibrates:
        return None, state, (), _left(held, "crossbar.calibrate_offsets is false here")
    if held and state is None and elsewhere:
        real = "they are those of another chip; the fresh devices are calibrated"
        ideal = "they are those of real devices, and these are ideal"
        return None, None, (), _left(held, ideal if design.devices.ideal else real)
    if held:
        offsets: Offsets = held[0], held[1]
        check_offsets(design, offsets)
        return offsets, state and state.with_offsets(offsets), (), ()
    if state is None:
        return None, None, (), ()
    state.calibrate(design, Chip.of(design, state.spares))
    return state.offsets, state, ("it holds no offsets: the chip is calibrated",), ()


def _left(held: list[NDArray], reason: str) -> tuple[str, ...]:
    """The sentence on offsets that stay behind; none where all are 0."""
    return (f"the offsets are left behind: {reason}",) if any(np.any(each) for each in held) else ()


def check_offsets(design: DesignPoint, offsets: Offsets | None) -> None:
    """Whether a design point can have these offsets; None is legal everywhere.

    Raises:
        ValueError: it cannot; the message says why.
    """
    if offsets is None:
        return
    if not design.capabilities.calibrates:
        raise ValueError("offsets are given, but crossbar.calibrate_offsets of this design point is false")
    for layer, found in zip(Layer, offsets, strict=True):
        name, columns = layer.name.lower(), layer_layout(design, layer).columns
        if found.shape != (columns,) or found.dtype != np.int64:
            raise ValueError(f"offsets of the {name} columns are {found.dtype} of shape {found.shape}; "
                             f"expected int64 of shape {(columns,)}")  # fmt: skip
        if (np.abs(found) > design.formats.adc_limit).any():
            raise ValueError(f"offsets of some {name} columns exceed ±{design.formats.adc_limit} codes")
