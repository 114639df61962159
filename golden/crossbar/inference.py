"""Inference of whichever cell a design point has; the rules are in `golden.crossbar.miru` and
`golden.crossbar.bistable`."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from golden.crossbar import bistable, miru
from golden.crossbar.cell import Coefficients
from golden.crossbar.miru import Inference
from golden.crossbar.weights import Weights
from spec.crossbar.design import DesignPoint


def infer(
    design: DesignPoint,
    weights: Weights,
    features: NDArray,
    lengths: NDArray | None = None,
    coefficients: Coefficients | None = None,
    record: bool = False,
) -> Inference[Any]:
    """`golden.crossbar.miru.infer`, or `golden.crossbar.bistable.infer`, which has no coefficients."""
    if design.capabilities.bistable:
        return bistable.infer(design, weights, features, lengths, record)
    return miru.infer(design, weights, features, lengths, coefficients, record)
