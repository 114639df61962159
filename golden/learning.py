"""Bit-exact online learning by direct feedback alignment (DFA), `accumulate` mode.

    f = Ψᵀ e      δ_t = f ⊙ (1 − c_t²)      χ ← χ − η Σ_t m_t δ_tᵀ      and a device is pulsed when |χ| passes a level

in the number formats of the design point. Sources: M2RU, arXiv 2512.17299 (DFA on MiRU); Nandakumar et al.,
"Mixed-precision deep learning based on computational memory", 2020 (the accumulators χ).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden.cell import Coefficients
from golden.checkpoint import Checkpoint
from golden.crossbar import HALF, TiledLayer, exact_dtype
from golden.datapath import Datapath
from golden.miru import check_features
from golden.weights import Weights
from spec.design import DesignPoint
from spec.fixed import round_shift
from spec.learning import ERROR_CENTRE, ERROR_LIMIT, FEEDBACK_WORD_BITS, error_shift, gradient_bound
from spec.rng import Purpose, draw
from spec.tables import DERIVATIVE_BITS, derivative_table

GradientWatch = Callable[[NDArray[np.int64], NDArray[np.int64]], None]
"""What `DfaTrainer.train_sequence` shows its gradients to."""


@dataclass(frozen=True)
class Update:
    """What one training sequence did.

    Attributes:
        scores: (classes,) int16, as `golden.miru.infer` gives before the update.
        decision: class of the highest score, ties to the lower.
        error: (classes,) int16, ``e = p − 255·onehot``.
        feedback: (hidden,) int32, ``f = Ψᵀ e``.
        applied, dropped: pulses over both layers; dropped ones found their pair full.
    """

    scores: NDArray[np.int16]
    decision: int
    error: NDArray[np.int16]
    feedback: NDArray[np.int32]
    applied: int
    dropped: int


def feedback_matrix(design: DesignPoint) -> NDArray[np.int8]:
    """Ψ, (classes, hidden), ±1, as `spec.learning` says."""
    classes = np.arange(design.network.classes)[:, None]
    words = draw(design.learning.seed, Purpose.FEEDBACK, 0, np.arange(design.network.hidden), classes // FEEDBACK_WORD_BITS)
    return 1 - 2 * ((words >> (classes % FEEDBACK_WORD_BITS).astype(np.uint32)) & 1).astype(np.int8)


def output_error(design: DesignPoint, scores: NDArray[np.integer], label: int) -> NDArray[np.int64]:
    """``e = p − 255·onehot``, (classes,), as `spec.learning` says."""
    shift = error_shift(design)
    codes = scores.astype(np.int64)
    quarter = codes << shift if shift >= 0 else round_shift(codes, -shift)
    error = np.clip(ERROR_CENTRE + quarter, 0, ERROR_LIMIT)
    error[label] -= ERROR_LIMIT
    return error


def learning_dtype(design: DesignPoint) -> type[np.floating]:
    """Type in which gradients and accumulators are exact: their largest magnitudes with the rounding halves added."""
    learning, network = design.learning, design.network
    delta_shift = DERIVATIVE_BITS + learning.feedback_shift
    product = network.classes * ERROR_LIMIT * ERROR_LIMIT
    hidden = gradient_bound(design) + (1 << learning.hidden_shift)
    readout = design.stream_limit * ERROR_LIMIT + (1 << learning.readout_shift)
    accumulator = (1 << learning.accumulator_bits) + max(
        hidden >> learning.hidden_shift, readout >> learning.readout_shift
    )
    return exact_dtype(max(product + (1 << delta_shift), hidden, readout, accumulator))


class DfaTrainer:
    """A network that learns one sequence at a time.

    Args:
        weights: to start from.
        coefficients: the gates; the design's where None.
        accumulators: χ of both layers to start from; zero where None.

    Raises:
        ValueError: weights do not fit the design point.
    """

    def __init__(
        self,
        design: DesignPoint,
        weights: Weights,
        coefficients: Coefficients | None = None,
        accumulators: tuple[NDArray[np.integer], NDArray[np.integer]] | None = None,
    ):
        self.design = design
        self.coefficients = coefficients or Coefficients.of(design)
        self._datapath = Datapath(design, weights, self.coefficients, batch=1, history=True)
        self._dtype = learning_dtype(design)
        self._feedback = feedback_matrix(design).astype(self._dtype)
        learning = design.learning
        derivative = np.array(derivative_table(design))
        scale = 2.0 ** -(DERIVATIVE_BITS + learning.feedback_shift)
        self._derivative = (np.concatenate([derivative[:0:-1], derivative]) * scale).astype(self._dtype)
        hidden, readout = accumulators or (np.zeros(layer.shape) for layer in (weights.hidden, weights.readout))
        self._hidden = _Accumulator(design, self._datapath.hidden, weights.hidden, hidden, self._dtype)
        self._readout = _Accumulator(design, self._datapath.readout, weights.readout, readout, self._dtype)

    @classmethod
    def from_checkpoint(cls, design: DesignPoint, checkpoint: Checkpoint) -> DfaTrainer:
        """Continue where a checkpoint stopped."""
        accumulators = checkpoint.hidden_accumulators, checkpoint.readout_accumulators
        return cls(design, checkpoint.weights, checkpoint.coefficients, accumulators)

    def checkpoint(self, metadata: dict | None = None) -> Checkpoint:
        """The present state, to be saved."""
        return Checkpoint(self.weights, *self.accumulators, self.coefficients, metadata or {})

    @property
    def weights(self) -> Weights:
        """Present weights, copied."""
        return Weights(self._hidden.levels.copy(), self._readout.levels.copy())

    @property
    def accumulators(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """χ of the hidden layer and the readout, copied; shapes as the weights."""
        return self._hidden.values.astype(np.int32), self._readout.values.astype(np.int32)

    def train_sequence(self, x: NDArray, label: int, watch: GradientWatch | None = None) -> Update:
        """Forward, error, update of both layers.

        Args:
            x: (steps, features), uint8, or int8 where the design has signed features; 1 … ``max_steps`` steps.
            label: 0 … classes − 1.
            watch: called with the exact gradients of hidden layer and readout, int64, before they are applied.

        Raises:
            ValueError: the sequence or the label does not fit the design point.
        """
        if not 0 <= label < self.design.network.classes:
            raise ValueError(f"label is {label}; it must be in 0…{self.design.network.classes - 1}")
        features = np.ascontiguousarray(x)[None]
        check_features(self.design, features)
        self._datapath.run(features)
        scores = self._datapath.scores[0].astype(np.int16)
        error = output_error(self.design, scores, label)
        feedback = error.astype(self._dtype) @ self._feedback
        self._accumulate_hidden(feedback)
        self._accumulate_readout(error)
        if watch:
            learning = self.design.learning
            watch(self._hidden.exact(learning.hidden_shift), self._readout.exact(learning.readout_shift))
        hidden, readout = self._hidden.commit(), self._readout.commit()
        return Update(
            scores, int(scores.argmax()), error.astype(np.int16), feedback.astype(np.int32),
            hidden[0] + readout[0], hidden[1] + readout[1],
        )  # fmt: skip

    def _accumulate_hidden(self, feedback: NDArray[np.floating]) -> None:
        """Gradient ``Σ_t m_t δ_tᵀ``, with ``δ = rs(f·d′, 8 + fs)`` rounded each step, over ``2^shift``."""
        path = self._datapath
        codes = path.codes[:, 0]
        delta = self._derivative.take((codes + self.design.adc_limit).astype(np.intp))
        delta *= feedback
        delta += HALF
        np.floor(delta, out=delta)
        delta *= 2.0**-self.design.learning.hidden_shift
        features, gradient = self.design.network.features, self._hidden.gradient
        np.matmul(path.inputs[:, 0].T, delta, out=gradient[:features])
        np.matmul(path.word_history[:, 0].T, delta, out=gradient[features:-1])
        np.sum(delta, axis=0, out=gradient[-1])
        gradient[-1] *= self.design.stream_limit

    def _accumulate_readout(self, error: NDArray[np.integer]) -> None:
        """Gradient ``m eᵀ`` with the readout's words, over ``2^shift``."""
        scaled = error.astype(self._dtype) * self._dtype(2.0**-self.design.learning.readout_shift)
        np.multiply(self._datapath.readout_words[0][:, None], scaled, out=self._readout.gradient[:-1])
        np.multiply(scaled, self.design.stream_limit, out=self._readout.gradient[-1])


class _Accumulator:
    """χ of one layer, its weights in levels, and the layer of the datapath that must follow them.

    `gradient` is to be filled with the gradient divided by ``2^shift``, exactly, before `commit`.
    """

    def __init__(
        self, design: DesignPoint, layer: TiledLayer, levels: NDArray, values: NDArray, dtype: type[np.floating]
    ):
        self.levels, self.values = levels.astype(np.int16), np.array(values, dtype)
        self.gradient = np.empty(levels.shape, dtype)
        self._layer, self._learning, self._weight_limit = layer, design.learning, design.weight_limit
        self._limit = (1 << (design.learning.accumulator_bits - 1)) - 1
        self._full = np.empty(levels.shape, bool)

    def exact(self, shift: int) -> NDArray[np.int64]:
        """The gradient itself; to be asked before `commit`."""
        return np.ldexp(self.gradient, shift).astype(np.int64)

    def commit(self) -> tuple[int, int]:
        """Subtract the rounded gradient, saturate, pulse what passed a level; the pulses applied and dropped."""
        step = self.gradient
        step += HALF
        np.floor(step, out=step)
        self.values -= step
        np.minimum(self.values, self._limit, out=self.values)
        np.maximum(self.values, -self._limit, out=self.values)
        np.abs(self.values, out=step)
        np.greater_equal(step, self._learning.accumulator_level, out=self._full)
        due = np.flatnonzero(self._full)
        return self._pulse(due) if len(due) else (0, 0)

    def _pulse(self, due: NDArray[np.intp]) -> tuple[int, int]:
        """Pulse the weights at flat indices ``due``; χ gives up the level even where a full pair drops the pulse."""
        values, levels, matrix = self.values.reshape(-1), self.levels.reshape(-1), self._layer.matrix.reshape(-1)
        pending = values[due].astype(np.int64)
        wanted = np.minimum(np.abs(pending) // self._learning.accumulator_level, self._learning.max_pulses)
        pulses = np.sign(pending) * wanted
        values[due] -= pulses * self._learning.accumulator_level
        before = levels[due].astype(np.int64)
        after = np.clip(before + pulses, -self._weight_limit, self._weight_limit)
        levels[due] = after
        matrix[due] = after * self._layer.scale
        applied = int(np.abs(after - before).sum())
        return applied, int(wanted.sum()) - applied
