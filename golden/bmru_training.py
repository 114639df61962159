"""Training of a BMRU network on labelled sequences: the recipe, its schedules, and the loop.

Every draw comes from the seed through `spec.rng`, so a training repeats.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, pi

import numpy as np
from numpy.typing import NDArray

from golden.adam import Adam
from golden.bmru_gradient import Parameters, Setting, loss_and_gradient, to_network
from golden.bmru_network import BLOCKS, CLASSES, BmruNetwork, NetworkError
from spec.rng import Purpose, draw, normal

CODE_STEPS = {"weight": 1 / 32, "bias": 0.01, "low": 0.01, "hysteresis": 0.01, "level": 0.01}
WEIGHT_LIMIT = 255 / 32
BIAS_LIMIT = 10.23


@dataclass(frozen=True)
class Recipe:
    """What decides a training, with the data.

    Attributes:
        width: d, cells of each of the two blocks.
        seed: of every draw.
        steps: of the optimiser.
        batch: sequences a step.
        keyword_share: of a batch, of the highest class; 0 … 1.
        rate: peak learning rate; it falls to zero along half a cosine.
        weight_decay: of weights, not of biases, thresholds and levels.
        clip: largest norm of the whole gradient.
        dropout: share of cells whose output is dropped in a sequence.
        shift: each sequence is shifted by up to so many frames, its first or last frame repeated.
        epsilon_hold, epsilon_end: shares of the steps until which ε stays 1, and from which it is 0.
        quantise_from: share of the steps from which forward passes see parameters rounded to codes; never above 1.
    """

    width: int
    seed: int = 1
    steps: int = 1200
    batch: int = 128
    keyword_share: float = 0.5
    rate: float = 3e-3
    weight_decay: float = 1e-2
    clip: float = 1.0
    dropout: float = 0.1
    shift: int = 8
    epsilon_hold: float = 0.05
    epsilon_end: float = 0.7
    quantise_from: float = 0.7

    def epsilon(self, step: int) -> float:
        """ε of a step counted from 0."""
        done = step / self.steps
        return float(np.clip((self.epsilon_end - done) / (self.epsilon_end - self.epsilon_hold), 0, 1))


def initial_parameters(recipe: Recipe, features: int) -> Parameters:
    """Float32: He's normal weights, small positive biases, β_lo 0.15, β_hi − β_lo 0.35, α spread over 0.2 … 1.4."""
    width, made = recipe.width, {}

    def layer(name: str, outputs: int, inputs: int, bias: float) -> None:
        lane = len(made)
        drawn = normal(recipe.seed, Purpose.BMRU_TRAINING, np.arange(outputs * inputs), lane)
        made[f"{name}.weight"] = (drawn * np.sqrt(2 / inputs)).reshape(outputs, inputs)
        made[f"{name}.bias"] = np.full(outputs, bias)

    layer("input", width, features, 0.0)
    for number in range(BLOCKS):
        at = f"blocks.{number}"
        layer(f"{at}.first", width, width, 0.1)
        made |= {f"{at}.low": np.full(width, 0.15), f"{at}.hysteresis": np.full(width, 0.35)}
        made[f"{at}.level"] = np.linspace(0.2, 1.4, width) if width > 1 else np.full(1, 0.8)
        layer(f"{at}.second", width, width, 0.0)
    layer("output", CLASSES, width, 0.0)
    return {name: array.astype(np.float32) for name, array in made.items()}


def train_bmru(
    recipe: Recipe, x: NDArray, y: NDArray[np.integer], progress: Callable[[int], None] | None = None
) -> BmruNetwork:
    """Train a network.

    Args:
        x: (n, T, features), normalised features.
        y: (n,) classes; both must occur.
        progress: called after every step with 1.

    Raises:
        NetworkError: the data does not fit.
    """
    keyword, others = (np.flatnonzero(y == label) for label in (CLASSES - 1, 0))
    if not len(keyword) or not len(others) or len(keyword) + len(others) != len(y):
        raise NetworkError(f"training needs sequences of the classes 0 and 1; there are {np.unique(y).tolist()}")
    x = np.ascontiguousarray(x.transpose(1, 0, 2), np.float32)
    parameters = initial_parameters(recipe, x.shape[2])
    optimiser = Adam(parameters.values(), recipe.rate, [recipe.weight_decay * name.endswith("weight") for name in parameters])
    for step in range(recipe.steps):
        chosen = _batch(recipe, step, keyword, others)
        setting = Setting(recipe.epsilon(step), masks=_masks(recipe, step))
        seen = round_to_codes(parameters) if step >= recipe.quantise_from * recipe.steps else parameters
        _, gradient = loss_and_gradient(seen, _shifted(recipe, step, x, chosen), y[chosen], setting)
        norm = np.sqrt(sum(float(np.vdot(array, array)) for array in gradient.values()))
        if norm > recipe.clip:
            gradient = {name: array * np.float32(recipe.clip / norm) for name, array in gradient.items()}
        optimiser.step(gradient.values(), recipe.rate * 0.5 * (1 + cos(pi * step / recipe.steps)))
        _keep_legal(parameters)
        if progress:
            progress(1)
    return to_network(round_to_codes(parameters) if recipe.quantise_from <= 1 else parameters)


def round_to_codes(parameters: Parameters) -> Parameters:
    return {n: np.rint(v / np.float32(CODE_STEPS[n.rpartition(".")[2]])) * np.float32(CODE_STEPS[n.rpartition(".")[2]]) for n, v in parameters.items()}


def _batch(recipe: Recipe, step: int, keyword: NDArray, others: NDArray) -> NDArray[np.int64]:
    wanted = round(recipe.batch * recipe.keyword_share)
    words = draw(recipe.seed, Purpose.BMRU_TRAINING, 1 + step, np.arange(recipe.batch), 100).astype(np.uint64)
    pick = lambda group, drawn: group[(drawn * np.uint64(len(group))) >> np.uint64(32)]  # noqa: E731
    return np.concatenate([pick(keyword, words[:wanted]), pick(others, words[wanted:])])


def _shifted(recipe: Recipe, step: int, x: NDArray, chosen: NDArray) -> NDArray:
    words = draw(recipe.seed, Purpose.BMRU_TRAINING, 1 + step, np.arange(len(chosen)), 101).astype(np.int64)
    shifts = (words * (2 * recipe.shift + 1) >> 32) - recipe.shift
    frames = np.clip(np.arange(len(x))[:, None] + shifts, 0, len(x) - 1)
    return x[frames, chosen]


def _masks(recipe: Recipe, step: int) -> tuple[NDArray, ...]:
    if not recipe.dropout:
        return ()
    words = draw(recipe.seed, Purpose.BMRU_TRAINING, 1 + step, np.arange(BLOCKS * recipe.batch * recipe.width), 102)
    kept = (words >= recipe.dropout * 2.0**32).reshape(BLOCKS, recipe.batch, recipe.width)
    return tuple((kept / (1 - recipe.dropout)).astype(np.float32))


def _keep_legal(parameters: Parameters) -> None:
    for name, array in parameters.items():
        part = name.rpartition(".")[2]
        if part == "weight":
            np.clip(array, -WEIGHT_LIMIT, WEIGHT_LIMIT, out=array)
        else:
            np.clip(array, -BIAS_LIMIT if part == "bias" else 0, BIAS_LIMIT, out=array)
