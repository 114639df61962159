"""Loss of a BMRU network and its gradient by backpropagation through time, with a surrogate for the Heaviside step.

The step H of the cells has the derivative H'(z) = 1 / (1 + (πz)²) going backward. The same code differentiates the
smooth network, in which H is the surrogate's antiderivative ½ + arctan(πz)/π going forward too; of that one the
gradient is exact.

Everything is time-major, (T, n, ...), so that a frame of the batch is contiguous, and of one floating type.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remora.golden.lib.bmru_network import BmruNetwork
from remora.golden.offline.descent import log_softmax

Parameters = dict[str, NDArray[np.floating]]
"""Named as `BmruNetwork.arrays` names them, but ``blocks.N.hysteresis`` (β_hi − β_lo) in place of ``blocks.N.high``, so
that non-negative numbers are all that a legal cell needs."""


CELL_PARTS = ("low", "hysteresis", "level")
"""Learned numbers of a cell: β_lo, β_hi − β_lo, α."""


@dataclass(frozen=True)
class Setting:
    """How to run the network in training.

    Attributes:
        epsilon: ε of the recurrence, 0 … 1.
        leak: slope of every relu below zero, so that units that are off early still learn; 0 in inference.
        smooth: go forward with the smooth step too.
        masks: factors of the cells' outputs, one (n, width) for each block: dropout; none where empty.
    """

    epsilon: float = 0.0
    leak: float = 0.0
    smooth: bool = False
    masks: tuple[NDArray, ...] = ()


@dataclass
class CellHistory:
    """What cells did, (T, n, width) each: candidates ĥ, their way above β_hi and below β_lo, steps, what is kept of the
    last output, outputs h."""

    candidate: NDArray
    above: NDArray
    below: NDArray
    sets: NDArray
    keep: NDArray
    state: NDArray


@dataclass
class _BlockHistory:
    entered: NDArray
    positive: NDArray
    cells: CellHistory
    branch: NDArray


def to_network(parameters: Mapping[str, NDArray], metadata: dict | None = None) -> BmruNetwork:
    """The network of training's parameters, whose hysteresis is the difference of the thresholds."""
    arrays = {}
    for name, array in parameters.items():
        exact = array.astype(np.float64)
        if name.endswith(".hysteresis"):
            stem = name.removesuffix("hysteresis")
            name, exact = f"{stem}high", parameters[f"{stem}low"].astype(np.float64) + exact
        arrays[name] = exact
    return BmruNetwork.from_arrays(arrays, metadata)


def loss_and_gradient(
    parameters: Mapping[str, NDArray],
    x: NDArray,
    labels: NDArray[np.integer],
    setting: Setting,
    targets: NDArray | None = None,
) -> tuple[float, Parameters]:
    """Mean softmax cross-entropy over all frames of all sequences, and its gradient.

    Args:
        x: (T, n, features) of the parameters' type.
        labels: (n,), each for all frames of its sequence.
        targets: what the classes' probabilities in each frame should be instead, (T, n, classes).
    """
    outputs, z, history = _forward(parameters, x, setting)
    logarithms = log_softmax(outputs)
    error = np.exp(logarithms)
    if targets is None:
        everyone = np.arange(len(labels))
        losses = -logarithms[:, everyone, labels]
        error[:, everyone, labels] -= 1
    else:
        losses = -(targets * logarithms).sum(axis=2)
        error -= targets
    error /= error.shape[0] * error.shape[1]
    return float(losses.mean()), _backward(parameters, x, error, z, history, setting)


def probabilities(parameters: Mapping[str, NDArray], x: NDArray) -> NDArray:
    """Of the classes in each frame, (T, n, classes), as in inference; ``x`` as in `loss_and_gradient`."""
    return np.exp(log_softmax(_forward(parameters, x, Setting())[0]))


def step(z: NDArray, smooth: bool) -> NDArray:
    """H(z): 1 from zero on; or ½ + arctan(πz)/π."""
    return np.arctan(np.pi * z) / np.pi + 0.5 if smooth else (z >= 0).astype(z.dtype)


def surrogate(z: NDArray) -> NDArray:
    """H'(z) = 1 / (1 + (πz)²)."""
    # In place after the first product: these arrays are what a training spends its time on.
    found = z * np.asarray(np.pi, z.dtype)
    found *= found
    found += 1
    return np.reciprocal(found, out=found)


def run_cells(candidate: NDArray, low: NDArray, hysteresis: NDArray, level: NDArray, setting: Setting) -> CellHistory:
    """Cells of one layer over all frames, from h_0 = 0; ``candidate`` (T, n, width), the others (width,)."""
    below = low - candidate
    above = -below
    above -= hysteresis
    sets, resets = step(above, setting.smooth), step(below, setting.smooth)
    if not setting.smooth:
        # Both at once happens only where the thresholds coincide; the smooth steps never sum to more than 1.
        resets *= 1 - sets
    keep = sets + resets
    keep *= setting.epsilon - 1
    keep += 1
    state = sets * level
    for t in range(1, len(state)):
        state[t] += keep[t] * state[t - 1]
    return CellHistory(candidate, above, below, sets, keep, state)


def differentiate_cells(
    by_output: NDArray, past: CellHistory, level: NDArray, setting: Setting
) -> tuple[NDArray, Parameters]:
    """Gradients by the candidates (T, n, width), and by the parts of the cells, (width,) each.

    Args:
        by_output: gradient by the outputs of every frame on their own, (T, n, width); overwritten.
    """
    by_state = by_output
    for t in reversed(range(len(by_state) - 1)):
        by_state[t] += past.keep[t + 1] * by_state[t + 1]
    by_moved = np.zeros_like(by_state)
    np.multiply(by_state[1:], past.state[:-1], out=by_moved[1:])
    by_moved *= setting.epsilon - 1
    by_level = np.einsum("tnd,tnd->d", by_state, past.sets)
    by_candidate = by_state * level
    by_candidate += by_moved
    by_candidate *= surrogate(past.above)
    by_hysteresis = -_total(by_candidate)
    by_moved *= surrogate(past.below)
    by_candidate -= by_moved
    by_cells = dict(zip(CELL_PARTS, (-_total(by_candidate), by_hysteresis, by_level), strict=True))
    return by_candidate, by_cells


def _forward(parameters: Mapping[str, NDArray], x: NDArray, setting: Setting):
    z = _apply(parameters, "input", x)
    history = []
    for number in range(_blocks(parameters)):
        at = f"blocks.{number}"
        positive = _rectified(z, setting)
        candidate = _rectified(_apply(parameters, f"{at}.first", positive), setting)
        low, hysteresis, level = _cell_parameters(parameters, at)
        cells = run_cells(candidate, low, hysteresis, level, setting)
        sent = cells.state * setting.masks[number] if setting.masks else cells.state
        branch = _rectified(_apply(parameters, f"{at}.second", sent), setting)
        history.append(_BlockHistory(z, positive, cells, branch))
        z = z + branch
    return _apply(parameters, "output", z), z, history


def _backward(parameters, x, error, z, history: list[_BlockHistory], setting: Setting) -> Parameters:
    gradient: Parameters = {}
    flowing = _differentiate(parameters, gradient, "output", z, error)
    for number in reversed(range(len(history))):
        at, past = f"blocks.{number}", history[number]
        mask = setting.masks[number] if setting.masks else None
        sent = past.cells.state if mask is None else past.cells.state * mask
        by_state = _differentiate(parameters, gradient, f"{at}.second", sent, flowing * _slope(past.branch, setting))
        if mask is not None:
            by_state *= mask
        by_candidate, by_cells = differentiate_cells(by_state, past.cells, parameters[f"{at}.level"], setting)
        gradient |= {f"{at}.{part}": array for part, array in by_cells.items()}
        by_candidate *= _slope(past.cells.candidate, setting)
        by_positive = _differentiate(parameters, gradient, f"{at}.first", past.positive, by_candidate)
        by_positive *= _slope(past.entered, setting)
        flowing = flowing + by_positive
    _differentiate(parameters, gradient, "input", x, flowing, further=False)
    return {name: gradient[name] for name in parameters}


def _cell_parameters(parameters: Mapping[str, NDArray], at: str) -> list[NDArray]:
    return [parameters[f"{at}.{part}"] for part in CELL_PARTS]


def _rectified(x: NDArray, setting: Setting) -> NDArray:
    return np.maximum(x, setting.leak * x)


def _slope(x: NDArray, setting: Setting) -> NDArray:
    """Derivative of the relu, from its argument or its result."""
    return np.where(x > 0, x.dtype.type(1), x.dtype.type(setting.leak))


def _total(x: NDArray) -> NDArray:
    """Sum over frames and sequences; as a product it is several times as fast as a sum along the first axes."""
    flat = x.reshape(-1, x.shape[2])
    return np.ones(len(flat), x.dtype) @ flat


def _blocks(parameters: Mapping[str, NDArray]) -> int:
    return sum(name.endswith(".level") for name in parameters)


def _apply(parameters: Mapping[str, NDArray], name: str, x: NDArray) -> NDArray:
    weight = parameters[f"{name}.weight"]
    flat = x.reshape(-1, x.shape[2]) @ weight.T
    flat += parameters[f"{name}.bias"]
    return flat.reshape(*x.shape[:2], len(weight))


def _differentiate(parameters, gradient: Parameters, name: str, x: NDArray, error: NDArray, further: bool = True):
    """Gradients of a layer y = W x + b whose outputs have the gradient ``error``; returns that of x."""
    weight = parameters[f"{name}.weight"]
    flat = error.reshape(-1, error.shape[2])
    gradient[f"{name}.weight"] = flat.T @ x.reshape(-1, x.shape[2])
    gradient[f"{name}.bias"] = _total(error)
    return (flat @ weight).reshape(*error.shape[:2], weight.shape[1]) if further else None
