"""Networks trained elsewhere in floating point, as checkpoints of a crossbar design.

MiRU         c_t = tanh(x_t W + β h_{t-1} R + b)       h_t = (1 − u) h_{t-1} + u c_t       o = h_T V + b_o
bistable     ĥ_t = relu(x_t W + b)     h_t of cells with thresholds low, high and level α     o = h_T V + b_o
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.weights import Weights, round_to_levels
from remora.golden.learning.checkpoint import Checkpoint
from remora.golden.offline.bistable_export import fold_levels, quantise
from remora.golden.offline.bmru_gradient import Parameters
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.formats import COEFFICIENT_BITS
from remora.spec.crossbar.layout import Layer, bias_word
from remora.spec.lib.errors import RemoraError

GATES = ("reset", "update")
THRESHOLDS = ("low", "high")
LEVEL = "level"
LARGEST = 2.0**64
"""Magnitude beyond which a number is taken for a mistake, and scaling could overflow."""


class ImportedWeightsError(RemoraError):
    """Arrays make no network of the design point; the message names the array, what was found and what is legal."""


def import_network(design: DesignPoint, arrays: Mapping[str, ArrayLike], metadata: dict | None = None) -> Checkpoint:
    """Weights as the nearest codes of the design point. Rules H3 and H8.

    Args:
        arrays: in floating point, by name. ``input`` W (features, hidden), ``bias`` b (hidden,), ``readout`` V (hidden,
            classes), ``readout_bias`` b_o (classes,): row i is what input or unit i sends, the transpose of what
            PyTorch keeps. Features are 0 … 1, or −1 … 1 where ``network.feature_signed``.
            With MiRU cells ``recurrent`` R (hidden, hidden), and ``reset`` β and ``update`` u, 0 … 1, where they are
            not the design point's. With bistable cells ``low`` and ``high``, (hidden,), and ``level`` α, (hidden,),
            1 where it is not there.
        metadata: anything that JSON holds.

    Returns:
        A checkpoint without accumulators; ``remarks`` counts weights beyond the last level, which are saturated.

    Raises:
        ImportedWeightsError: an array is missing or superfluous, has another shape, or holds no legal numbers.
    """
    bistable = design.capabilities.bistable
    found = _checked(design, arrays, _shapes(design), (LEVEL,) if bistable else GATES)
    if bistable:
        return Checkpoint.of(design, _bistable_weights(design, found), metadata)
    return _miru_checkpoint(design, found, metadata)


def _shapes(design: DesignPoint) -> dict[str, tuple[int, ...]]:
    features, hidden, classes = design.network.features, design.network.hidden, design.network.classes
    shapes: dict[str, tuple[int, ...]] = {"input": (features, hidden), "bias": (hidden,)}
    if design.capabilities.bistable:
        shapes |= {name: (hidden,) for name in (*THRESHOLDS, LEVEL)}
    else:
        shapes |= {"recurrent": (hidden, hidden), **{name: () for name in GATES}}
    return shapes | {"readout": (hidden, classes), "readout_bias": (classes,)}


def _checked(
    design: DesignPoint, arrays: Mapping[str, ArrayLike], shapes: dict[str, tuple[int, ...]], optional: tuple[str, ...]
) -> dict[str, NDArray[np.float64]]:
    if unknown := arrays.keys() - shapes.keys():
        names = ", ".join(sorted(map(str, unknown)))
        raise ImportedWeightsError(f"{names}: no array of '{design.name}', which takes {', '.join(shapes)}")
    if missing := shapes.keys() - arrays.keys() - {*optional}:
        raise ImportedWeightsError(f"{', '.join(sorted(missing))}: missing; '{design.name}' takes {', '.join(shapes)}")
    return {name: _real(name, arrays[name], shape) for name, shape in shapes.items() if name in arrays}


def _real(name: str, array: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.float64]:
    try:
        found = np.asarray(array)
        if not np.issubdtype(found.dtype, np.floating) and not np.issubdtype(found.dtype, np.integer):
            raise TypeError(found.dtype)
        real = found.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ImportedWeightsError(f"{name} holds no real numbers: {error}") from error
    if real.shape != shape:
        remedy = "; transpose it" if real.shape == shape[::-1] and len(shape) == 2 else ""
        raise ImportedWeightsError(f"{name} has shape {real.shape}; the design point needs {shape}{remedy}")
    if not (legal := np.abs(real) <= LARGEST).all():
        raise ImportedWeightsError(f"{name} holds {real[~legal][0]:g}; a magnitude of up to {LARGEST:g} is legal")
    return real


def _miru_checkpoint(design: DesignPoint, found: dict[str, NDArray[np.float64]], metadata: dict | None) -> Checkpoint:
    def layer(of: Layer, *rows: NDArray[np.float64], bias: NDArray[np.float64]) -> NDArray[np.float64]:
        # The bias line streams a word that stands for a little less than 1.
        return np.vstack([*rows, bias * ((1 << design.formats.stream_bits) / bias_word(design, of))])

    exact = {
        "hidden": layer(Layer.HIDDEN, found["input"], found["recurrent"], bias=found["bias"]),
        "readout": layer(Layer.READOUT, found["readout"], bias=found["readout_bias"]),
    }
    levels = {name: round_to_levels(design, weights) for name, weights in exact.items()}
    values = []
    for name in GATES:
        gate = float(found.get(name, getattr(design.cell, f"{name}_coefficient") / (1 << COEFFICIENT_BITS)))
        if not 0 <= gate <= 1:
            raise ImportedWeightsError(f"{name} is {gate:g}; it must be in 0 … 1")
        values.append(int(np.rint(gate * (1 << COEFFICIENT_BITS))))
    weights = Weights(levels["hidden"], levels["readout"]).check(design)
    hidden, readout = (np.zeros(each.shape, np.int32) for each in (weights.hidden, weights.readout))
    remarks = tuple(filter(None, (_saturated(design, name, each) for name, each in exact.items())))
    return Checkpoint(weights, hidden, readout, Coefficients(*values), metadata or {}, remarks=remarks)


def _saturated(design: DesignPoint, name: str, weights: NDArray[np.float64]) -> str:
    limit, step = design.crossbar.weight_limit, 2.0**-design.crossbar.level_bits
    beyond = int(np.count_nonzero(np.abs(np.rint(weights / step)) > limit))
    if not beyond:
        return ""
    return (
        f"{beyond} of {weights.size} {name} weights lie beyond the last level, which stands for {limit * step:g}, and "
        "are saturated; train with a limit, or raise crossbar.levels or lower crossbar.level_bits"
    )


def _bistable_weights(design: DesignPoint, found: dict[str, NDArray[np.float64]]) -> Weights:
    low, high = (found[name] for name in THRESHOLDS)
    level = found.get(LEVEL, np.ones_like(low))
    wrong = np.flatnonzero(~((low >= 0) & (low <= high) & (level >= 0)))
    if wrong.size:
        cell = int(wrong[0])
        raise ImportedWeightsError(
            f"cell {cell} has low {low[cell]:g}, high {high[cell]:g}, level {level[cell]:g}; legal is 0 <= low <= high "
            "and level >= 0"
        )
    parameters: Parameters = {
        "hidden": np.vstack([found["input"], found["bias"]]),
        "low": low,
        "hysteresis": high - low,
        "level": level.copy(),
        "readout": np.vstack([found["readout"], found["readout_bias"]]),
    }
    fold_levels(parameters)
    return quantise(design, parameters)[0]
