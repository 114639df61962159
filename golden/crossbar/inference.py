"""Inference of whichever cell a design point has; the rules are in `remora.golden.crossbar.miru` and
`remora.golden.crossbar.bistable`."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from remora.golden.crossbar import bistable, miru
from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.miru import Inference
from remora.golden.crossbar.weights import Weights
from remora.golden.devices.state import DeviceState
from remora.spec.crossbar.design import DesignPoint


def infer(
    design: DesignPoint,
    weights: Weights,
    features: NDArray,
    lengths: NDArray | None = None,
    coefficients: Coefficients | None = None,
    record: bool = False,
    devices: DeviceState | None = None,
) -> Inference[Any]:
    """`remora.golden.crossbar.miru.infer`, or `remora.golden.crossbar.bistable.infer`, which has neither coefficients
    nor real devices."""
    if design.capabilities.bistable:
        return bistable.infer(design, weights, features, lengths, record)
    return miru.infer(design, weights, features, lengths, coefficients, record, devices)
