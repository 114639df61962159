"""Inference of whichever cell a design point has; the rules are in `golden.miru` and `golden.bistable`."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from golden import bistable, miru
from golden.cell import Coefficients
from golden.miru import Inference
from golden.weights import Weights
from spec.design import DesignPoint


def infer(
    design: DesignPoint,
    weights: Weights,
    features: NDArray,
    lengths: NDArray | None = None,
    coefficients: Coefficients | None = None,
    record: bool = False,
) -> Inference[Any]:
    """`golden.miru.infer`, or `golden.bistable.infer`, which has no coefficients."""
    if design.capabilities.bistable:
        return bistable.infer(design, weights, features, lengths, record)
    return miru.infer(design, weights, features, lengths, coefficients, record)
