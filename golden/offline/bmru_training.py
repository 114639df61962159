"""Training of a BMRU network on labelled sequences: the recipe, its schedules, and the loop.

Every draw comes from the seed through `remora.spec.lib.rng`, so a training repeats.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import pi
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remora.golden.lib.bmru import decide
from remora.golden.lib.bmru_network import BmruNetwork, NetworkError
from remora.golden.offline.adam import Adam
from remora.golden.offline.bmru_gradient import Parameters, Setting, loss_and_gradient, probabilities, to_network
from remora.golden.offline.descent import Descent
from remora.spec.bmru.design import UNIT_PA, BmruDesign
from remora.spec.lib.rng import Purpose, draw, normal

LEAST_THRESHOLD = LEAST_HYSTERESIS = 0.05
"""In units of the model. A cell whose lower threshold is zero never resets once a bias current errs, and one without
hysteresis is moved by any noise."""
PART_CELLS = 512
"""Cells of a block, over all sequences, that a gradient is taken of at once."""
NARROW = 8
"""Cells of a block below which none can be spared."""
_BATCH_LANE, _SHIFT_LANE, _DROPOUT_LANE, _TEACHER_LANE, _TRIAL_LANE = 100, 101, 102, 103, 104
"""Streams of draws of a step; the layers' initial weights take their number as lane."""


@dataclass(frozen=True, kw_only=True)
class Recipe(Descent):
    """What decides a training, with the data.

    Attributes:
        seed: of every draw.
        steps: of the optimiser.
        keyword_share: of a batch, of the highest class; 0 … 1.
        weight_decay: of weights, not of biases, thresholds and levels.
        dropout: share of cells whose output is dropped in a sequence.
        teacher_width: cells of a block of a network that is trained first and teaches this one; 0 where there is none.
        trials: networks that are trained, each of a seed of its own and with the same teacher; the one that decides
            best on the sequences of the training is kept.
        teaching: share of the teacher's probabilities in what a frame's should be; the rest is the label's class.
        shift: each sequence is moved by up to so many frames, its first or last frame repeated.
        leak: slope of the relus below zero at ε = 1; it falls to zero with ε.
        quantise_from: share of the steps from which gradients are taken at the parameters rounded to codes; with more
            than 1 never, and the result is not rounded either.
    """

    seed: int = 1
    steps: int = 2000
    keyword_share: float = 0.5
    weight_decay: float = 1e-2
    dropout: float = 0.1
    teacher_width: int = 0
    trials: int = 1
    teaching: float = 0.8
    shift: int = 8
    epsilon_end: float = 0.4
    leak: float = 0.1
    quantise_from: float = 0.7

    @classmethod
    def of(cls, design: BmruDesign, seed: int = 1, **changed: Any) -> Recipe:
        """What suits a width: for narrow ones a teacher, no dropout and the best of three, for wide ones more steps."""
        narrow: dict[str, Any] = {"dropout": 0.0, "teacher_width": 16, "trials": 3}
        suits = narrow if design.network.width < NARROW else {"steps": 3000}
        return cls(**{"seed": seed} | suits | changed)

    @property
    def cost(self) -> int:
        """Sequences that a training presents, those of all trials and of the teacher's included."""
        return (self.trials + bool(self.teacher_width)) * self.steps * self.batch

    @property
    def of_teacher(self) -> Recipe:
        """The recipe of the teacher: a seed of its own, dropout as of any wide network."""
        seed = int(draw(self.seed, Purpose.BMRU_TRAINING, 0, 0, _TEACHER_LANE))
        return replace(self, seed=seed, dropout=Recipe.dropout, teacher_width=0, trials=1)

    def of_trial(self, number: int) -> Recipe:
        """The recipe of one trial: the first has the seed itself. Its teacher is that of the whole recipe."""
        seed = int(draw(self.seed, Purpose.BMRU_TRAINING, 0, number, _TRIAL_LANE)) if number else self.seed
        return replace(self, seed=seed, trials=1)


def initial_parameters(design: BmruDesign, seed: int) -> Parameters:
    """Float32: normal weights of variance 1/inputs, β_lo 0.15, β_hi − β_lo 0.35, α spread over 0.2 … 1.4.

    Candidates start biased by 0.3, into the middle of the hysteresis, where the surrogate passes most gradient.
    """
    network, width = design.network, design.network.width
    made: dict[str, NDArray[np.float64]] = {}

    def layer(name: str, outputs: int, inputs: int, bias: float) -> None:
        drawn = normal(seed, Purpose.BMRU_TRAINING, np.arange(outputs * inputs), len(made))
        made[f"{name}.weight"] = (drawn * np.sqrt(1 / inputs)).reshape(outputs, inputs)
        made[f"{name}.bias"] = np.full(outputs, bias)

    layer("input", width, network.features, 0.0)
    for number in range(network.blocks):
        at = f"blocks.{number}"
        layer(f"{at}.first", width, width, 0.3)
        made |= {f"{at}.low": np.full(width, 0.15), f"{at}.hysteresis": np.full(width, 0.35)}
        made[f"{at}.level"] = np.linspace(0.2, 1.4, width) if width > 1 else np.full(1, 0.8)
        layer(f"{at}.second", width, width, 0.2)
    layer("output", network.classes, width, 0.0)
    return {name: array.astype(np.float32) for name, array in made.items()}


def train_bmru(
    design: BmruDesign,
    recipe: Recipe,
    x: NDArray,
    y: NDArray[np.integer],
    progress: Callable[[int], None] | None = None,
    compared: slice = slice(None),
) -> BmruNetwork:
    """Train a network of a design point's sizes whose parameters its codes can hold.

    Of several trials that one is kept whose votes over the sequences `compared` have the highest balanced accuracy, the
    first of equals.

    Args:
        x: (n, T, features), normalised features, one unit of the model each.
        y: (n,) classes; the highest class and at least one other must occur.
        progress: called after every step with 1.
        compared: sequences that trials are compared on; some of each group.

    Raises:
        NetworkError: the data does not fit.
    """
    network = design.network
    if x.ndim != 3 or x.shape[2] != network.features or y.shape != x.shape[:1]:
        raise NetworkError(
            f"training data of shape {x.shape} with labels {y.shape} does not fit (n, frames, {network.features}) "
            "and (n,)"
        )
    keyword = network.classes - 1
    groups = np.flatnonzero(y == keyword), np.flatnonzero(y != keyword)
    if not all(len(group) for group in groups) or y.min() < 0 or y.max() >= network.classes:
        raise NetworkError(f"training needs class {keyword} and lower ones; there are {np.unique(y).tolist()}")
    seen, answers = x[compared].copy(), y[compared]
    if recipe.trials > 1 and np.unique(answers == keyword).size < 2:
        raise NetworkError(
            f"{recipe.trials} trials are compared on sequences of class {np.unique(answers).tolist()} alone; "
            f"class {keyword} and lower ones are needed"
        )
    x = np.ascontiguousarray(x.transpose(1, 0, 2), np.float32)
    teacher = None
    if recipe.teacher_width:
        wide = design.evolve(network={"width": recipe.teacher_width})
        teacher = _train(wide, recipe.of_teacher, x, y, groups, progress)
    trials = (
        to_network(_train(design, recipe.of_trial(number), x, y, groups, progress, teacher))
        for number in range(recipe.trials)
    )
    # One trial needs no comparison.
    return max(trials, key=lambda one: _balanced(one, seen, answers)) if recipe.trials > 1 else next(trials)


def _balanced(network: BmruNetwork, x: NDArray, y: NDArray) -> float:
    """Mean of the shares of the highest class, and of all others, that votes tell from the other group."""
    keyword = len(network.output.bias) - 1
    right = (decide(network, x) == keyword) == (y == keyword)
    return (right[y == keyword].mean() + right[y != keyword].mean()) / 2


def _train(
    design: BmruDesign,
    recipe: Recipe,
    x: NDArray,
    y: NDArray,
    groups: tuple[NDArray, NDArray],
    progress: Callable[[int], None] | None,
    teacher: Parameters | None = None,
) -> Parameters:
    """One network, x time-major: (T, n, features) float32."""
    parameters = initial_parameters(design, recipe.seed)
    decays = [recipe.weight_decay * name.endswith("weight") for name in parameters]
    optimiser = Adam(parameters.values(), recipe.rate, decays)
    for step in range(recipe.steps):
        rounded = step >= recipe.quantise_from * recipe.steps
        chosen = _batch(recipe, step, groups)
        epsilon = recipe.epsilon(step / recipe.steps)
        setting = Setting(epsilon, recipe.leak * epsilon, masks=_masks(design, recipe, step))
        seen = round_to_codes(design, parameters) if rounded else parameters
        gradient = _gradient(seen, _moved(recipe, step, x, chosen), y[chosen], setting, teacher, recipe.teaching)
        recipe.descend(optimiser, gradient, pi * step / recipe.steps)
        _keep_legal(design, parameters)
        if progress:
            progress(1)
    return round_to_codes(design, parameters) if recipe.quantise_from <= 1 else parameters


def _gradient(
    parameters: Parameters, x: NDArray, y: NDArray, setting: Setting, teacher: Parameters | None, teaching: float
) -> Parameters:
    """Gradient of a batch, taken in parts that stay in the processor's cache, which is twice as fast."""
    part = min(64, max(16, PART_CELLS // len(parameters["input.bias"])))
    total: Parameters = {}
    for start in range(0, len(y), part):
        chosen = slice(start, start + part)
        masks = tuple(mask[chosen] for mask in setting.masks)
        targets = None if teacher is None else _taught(teacher, x[:, chosen], y[chosen], teaching)
        _, found = loss_and_gradient(parameters, x[:, chosen], y[chosen], replace(setting, masks=masks), targets)
        share = np.float32(len(y[chosen]) / len(y))
        total = {name: total.get(name, 0) + share * array for name, array in found.items()}
    return total


def _taught(teacher: Parameters, x: NDArray, y: NDArray, teaching: float) -> NDArray:
    """What the probabilities of each frame should be: the teacher's, and the label's class for the rest."""
    targets = probabilities(teacher, x) * np.float32(teaching)
    targets[:, np.arange(len(y)), y] += np.float32(1 - teaching)
    return targets


def round_to_codes(design: BmruDesign, parameters: Parameters) -> Parameters:
    """Each parameter at the nearest value that a code stands for; what it learns from is the gradient there."""
    rounded = {}
    for name, array in parameters.items():
        step = np.float32(_code(design, name)[0])
        rounded[name] = np.rint(array / step) * step
    return rounded


def _code(design: BmruDesign, name: str) -> tuple[float, int]:
    """Step in units of the model, and the largest code, of a parameter."""
    if name.endswith("weight"):
        return 2.0**-design.formats.ratio_fraction, design.formats.ratio_limit
    return design.formats.bias_step_pa / UNIT_PA, design.formats.bias_limit


def _keep_legal(design: BmruDesign, parameters: Parameters) -> None:
    """Back into what codes can hold, and cells into what holds a state in spite of errors."""
    least = {"low": LEAST_THRESHOLD, "hysteresis": LEAST_HYSTERESIS, "level": 0.0}
    for name, array in parameters.items():
        step, limit = _code(design, name)
        part = name.rpartition(".")[2]
        # The upper threshold, which needs a code too, is the sum of the lower one and the hysteresis.
        high = step * limit / (2 if part in ("low", "hysteresis") else 1)
        np.clip(array, least.get(part, -step * limit), high, out=array)


def _batch(recipe: Recipe, step: int, groups: tuple[NDArray, NDArray]) -> NDArray[np.int64]:
    """Indices of a batch: the keyword's share, then the others'."""
    words = draw(recipe.seed, Purpose.BMRU_TRAINING, 1 + step, np.arange(recipe.batch), _BATCH_LANE).astype(np.int64)
    parts = np.split(words, [round(recipe.batch * recipe.keyword_share)])
    return np.concatenate([group[part * len(group) >> 32] for group, part in zip(groups, parts, strict=True)])


def _moved(recipe: Recipe, step: int, x: NDArray, chosen: NDArray) -> NDArray:
    """The chosen sequences, each moved in time by a draw of its own."""
    words = draw(recipe.seed, Purpose.BMRU_TRAINING, 1 + step, np.arange(len(chosen)), _SHIFT_LANE).astype(np.int64)
    shifts = (words * (2 * recipe.shift + 1) >> 32) - recipe.shift
    return x[np.clip(np.arange(len(x))[:, None] + shifts, 0, len(x) - 1), chosen]


def _masks(design: BmruDesign, recipe: Recipe, step: int) -> tuple[NDArray, ...]:
    """Dropout: factors of the cells' outputs, one draw a cell and sequence."""
    if not recipe.dropout:
        return ()
    shape = (design.network.blocks, recipe.batch, design.network.width)
    words = draw(recipe.seed, Purpose.BMRU_TRAINING, 1 + step, np.arange(np.prod(shape)), _DROPOUT_LANE)
    kept = (words >= recipe.dropout * 2.0**32).reshape(shape)
    return tuple((kept / (1 - recipe.dropout)).astype(np.float32))
