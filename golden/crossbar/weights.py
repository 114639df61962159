"""The weights of the two layers in whole conductance levels, with what bistable cells hold, and how they start."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remora.golden.crossbar.thresholds import check_thresholds, initial_thresholds, random_thresholds
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.fixed import saturate
from remora.spec.lib.rng import Purpose, draw, normal

_UNIFORM_STREAM, _FULL_RANGE_STREAM = 2, 3
"""`sequence` of the uniform draws; 0 and 1 belong to the normal ones of `remora.spec.lib.rng.normal`."""


@dataclass(frozen=True)
class Weights:
    """Weights of a network in levels; a weight of one level is worth ``2^-level_bits``.

    Rules F4, X1 and X8.

    Attributes:
        hidden: (features + hidden + 1, hidden) int16, rows in the order of `remora.spec.crossbar.layout`: features,
            states, bias.
        readout: (hidden + 1, classes) int16, rows: states, bias.
        thresholds: (2, hidden) int32, low and high of every bistable cell in levels of its bitline sum; None without.
    """

    hidden: NDArray[np.int16]
    readout: NDArray[np.int16]
    thresholds: NDArray[np.int32] | None = None

    def check(self, design: DesignPoint) -> Weights:
        """Return these weights if they fit the design point.

        Raises:
            ValueError: shape, dtype or range is wrong; the message names the layer, what was found and what is legal.
        """
        network = design.network
        _check_layer("hidden", self.hidden, (design.hidden_rows, network.hidden), design.crossbar.weight_limit)
        _check_layer("readout", self.readout, (design.readout_rows, network.classes), design.crossbar.weight_limit)
        check_thresholds(design, self.thresholds)
        return self


def in_devices(design: DesignPoint, weights: Weights) -> Weights:
    """The weights that devices hold: where biases are digital, none of the last rows. Rule K5."""
    if not design.capabilities.digital_bias:
        return weights
    hidden, readout = (
        np.concatenate([each[:-1], np.zeros_like(each[-1:])]) for each in (weights.hidden, weights.readout)
    )
    return Weights(hidden, readout, weights.thresholds)


def _check_layer(name: str, levels: NDArray, shape: tuple[int, int], limit: int) -> None:
    if not isinstance(levels, np.ndarray) or not np.issubdtype(levels.dtype, np.integer):
        raise ValueError(
            f"{name} weights are {getattr(levels, 'dtype', type(levels).__name__)}; they must be integer levels"
        )
    if levels.shape != shape:
        raise ValueError(f"{name} weights have shape {levels.shape}; the design point needs {shape} (rows, columns)")
    if levels.min() < -limit or levels.max() > limit:
        raise ValueError(f"{name} weights span {levels.min()}…{levels.max()}; legal levels are {-limit}…{limit}")


def initial_weights(design: DesignPoint) -> Weights:
    """Weights before training, drawn from ``design.learning.seed``.

    Input weights are uniform in ±1/√n_x, recurrent ones normal with deviation ½/√n_h, readout weights uniform in
    ±1/√n_h, biases zero; rounded to levels and saturated.

    Rules H1 and R7.
    """
    network = design.network
    hidden_rows, columns = np.ogrid[: design.hidden_rows, : network.hidden]
    readout_rows, classes = np.ogrid[design.hidden_rows : design.hidden_rows + design.readout_rows, : network.classes]
    seed = design.learning.seed

    hidden = np.zeros((design.hidden_rows, network.hidden))
    inputs, states = slice(0, network.features), slice(network.features, design.hidden_rows - 1)
    hidden[inputs] = _uniform(seed, hidden_rows[inputs], columns) / np.sqrt(network.features)
    hidden[states] = normal(seed, Purpose.INITIAL_WEIGHT, hidden_rows[states], columns) * 0.5 / np.sqrt(network.hidden)
    readout = _uniform(seed, readout_rows, classes) / np.sqrt(network.hidden)
    readout[-1] = 0
    levels = round_to_levels(design, hidden), round_to_levels(design, readout)
    return Weights(*levels, initial_thresholds(design)).check(design)


def random_weights(design: DesignPoint, seed: int) -> Weights:
    """Weights and biases uniform over every legal level: for tests, which they stress more than trained ones."""
    span = np.uint64(2 * design.crossbar.weight_limit + 1)
    rows, columns = np.ogrid[
        : design.hidden_rows + design.readout_rows, : max(design.network.hidden, design.network.classes)
    ]
    words = draw(seed, Purpose.INITIAL_WEIGHT, _FULL_RANGE_STREAM, rows, columns).astype(np.uint64)
    levels = ((words * span) >> np.uint64(32)).astype(np.int16) - np.int16(design.crossbar.weight_limit)
    hidden = levels[: design.hidden_rows, : design.network.hidden]
    readout = levels[design.hidden_rows :, : design.network.classes]
    return Weights(hidden.copy(), readout.copy(), random_thresholds(design, seed)).check(design)


def _uniform(seed: int, rows: NDArray, columns: NDArray) -> NDArray[np.float64]:
    """Uniform in -1 … 1."""
    return draw(seed, Purpose.INITIAL_WEIGHT, _UNIFORM_STREAM, rows, columns) / 2.0**31 - 1.0


def round_to_levels(design: DesignPoint, weights: NDArray[np.float64]) -> NDArray[np.int16]:
    """Nearest level of each weight, a half to the even one, saturated."""
    scaled = np.rint(weights * 2.0**design.crossbar.level_bits)
    return saturate(scaled, design.crossbar.weight_limit).astype(np.int16)
