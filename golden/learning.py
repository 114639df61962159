"""Bit-exact online learning by direct feedback alignment (DFA), one sequence at a time.

    f = Ψᵀ e      δ_t = f ⊙ (1 − c_t²)      ΔW = −η Σ_t m_t δ_tᵀ      of the columns whose |f_j| is among the largest

in the number formats of the design point; how a gradient becomes pulses is in `golden.pulses`. Source: M2RU,
arXiv 2512.17299 (DFA on MiRU, K-winner-take-all).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden.cell import Coefficients
from golden.checkpoint import Checkpoint
from golden.crossbar import HALF, exact_dtype
from golden.datapath import Datapath
from golden.learning_settings import LearningSettings
from golden.miru import check_features
from golden.pulses import Writes, make_writer
from golden.weights import Weights
from spec.design import DesignPoint
from spec.fixed import round_shift
from spec.layout import Layer
from spec.learning import (
    ERROR_CENTRE,
    ERROR_LIMIT,
    FEEDBACK_WORD_BITS,
    SLOWEST,
    UPDATE_COUNT_BITS,
    error_shift,
    gradient_bound,
)
from spec.rng import Purpose, draw
from spec.tables import DERIVATIVE_BITS, derivative_table

GradientWatch = Callable[[NDArray[np.int64], NDArray[np.int64]], None]
"""What `DfaTrainer.train_sequence` shows its gradients to."""
StepWatch = Callable[[int, int], None]
"""What the datapath calls after step t with (t, sequences active)."""


@dataclass(frozen=True)
class Update:
    """What training on one sequence did.

    Rules L1 and L2.

    Attributes:
        scores: (classes,) int16, as `golden.miru.infer` gives before the update.
        decision: class of the highest score, ties to the lower.
        error: (classes,) int16, ``e = p − 255·onehot``.
        feedback: (hidden,) int32, ``f = Ψᵀ e``.
        winners: hidden units that learnt, rising.
        hidden, readout: what was written into each layer.
    """

    scores: NDArray[np.int16]
    decision: int
    error: NDArray[np.int16]
    feedback: NDArray[np.int32]
    winners: NDArray[np.intp]
    hidden: Writes
    readout: Writes

    @property
    def applied(self) -> int:
        """Pulses that devices took, both layers."""
        return self.hidden.applied + self.readout.applied

    @property
    def dropped(self) -> int:
        """Pulses that found their pair full, both layers."""
        return self.hidden.dropped + self.readout.dropped


def feedback_matrix(design: DesignPoint, seed: int | None = None) -> NDArray[np.int8]:
    """Ψ, (classes, hidden), ±1; from the design's seed where None. Rules L4 and R1 to R3."""
    classes = np.arange(design.network.classes)[:, None]
    seed = design.learning.seed if seed is None else seed
    words = draw(seed, Purpose.FEEDBACK, 0, np.arange(design.network.hidden), classes // FEEDBACK_WORD_BITS)
    return 1 - 2 * ((words >> (classes % FEEDBACK_WORD_BITS).astype(np.uint32)) & 1).astype(np.int8)


def output_error(design: DesignPoint, scores: NDArray[np.integer], label: int) -> NDArray[np.int64]:
    """``e = p − 255·onehot``, (classes,). Rule L3."""
    shift = error_shift(design)
    codes = scores.astype(np.int64)
    quarter = codes << shift if shift >= 0 else round_shift(codes, -shift)
    error = np.clip(ERROR_CENTRE + quarter, 0, ERROR_LIMIT)
    error[label] -= ERROR_LIMIT
    return error


def winning_units(feedback: NDArray, winners: int) -> NDArray[np.intp]:
    """Indices of the ``winners`` hidden units of largest ``|f_j|``, rising; ties to the lower index. (winners,).

    Rules L6 and N5.
    """
    if winners == len(feedback):
        return np.arange(winners)
    return np.sort(np.argsort(-np.abs(feedback), kind="stable")[:winners])


def learning_dtype(design: DesignPoint) -> type[np.floating]:
    """Type in which gradients and accumulators are exact: their largest magnitudes with the rounding halves added, at
    the slowest rates."""
    learning, network = design.learning, design.network
    delta_shift = DERIVATIVE_BITS + learning.feedback_shift
    product = network.classes * ERROR_LIMIT * ERROR_LIMIT
    hidden = gradient_bound(design) + (1 << learning.hidden_shift + SLOWEST)
    readout = design.stream_limit * ERROR_LIMIT + (1 << learning.readout_shift + SLOWEST)
    accumulator = (1 << learning.accumulator_bits) + max(
        hidden >> learning.hidden_shift, readout >> learning.readout_shift
    )
    return exact_dtype(max(product + (1 << delta_shift), hidden, readout, accumulator))


class DfaTrainer:
    """A network that trains on one sequence at a time, without replay.

    Attributes:
        updates: q, sequences trained on so far, modulo 2³².

    Args:
        weights: to start from.
        coefficients: the gates; the design's where None.
        accumulators: χ of both layers to start from; zero where None.
        updates: q to start from.
        settings: the design's where None.

    Raises:
        ValueError: weights, accumulators or settings do not fit the design point.
    """

    def __init__(
        self,
        design: DesignPoint,
        weights: Weights,
        coefficients: Coefficients | None = None,
        accumulators: tuple[NDArray[np.integer], NDArray[np.integer]] | None = None,
        updates: int = 0,
        settings: LearningSettings | None = None,
    ):
        self.design, self.updates = design, updates
        self.coefficients = coefficients or Coefficients.of(design)
        self._datapath = Datapath(design, weights, self.coefficients, batch=1, history=True)
        self._dtype = learning_dtype(design)
        learning = design.learning
        derivative = np.array(derivative_table(design))
        scale = 2.0 ** -(DERIVATIVE_BITS + learning.feedback_shift)
        self._derivative = (np.concatenate([derivative[:0:-1], derivative]) * scale).astype(self._dtype)
        hidden, readout = accumulators or (None, None)
        path = self._datapath
        self._hidden = make_writer(design, path.hidden, Layer.HIDDEN, weights.hidden, hidden, self._dtype)
        self._readout = make_writer(design, path.readout, Layer.READOUT, weights.readout, readout, self._dtype)
        self.settings = settings or LearningSettings.of(design)

    @property
    def settings(self) -> LearningSettings:
        """What software may change; may be set between sequences, ``ValueError`` where it does not fit. Rule L16."""
        return self._settings

    @settings.setter
    def settings(self, settings: LearningSettings) -> None:
        design, learning = self.design, self.design.learning
        self._settings = settings.check(design)
        self._feedback = feedback_matrix(design, settings.seed).astype(self._dtype)
        self._hidden_shift = learning.hidden_shift + settings.hidden_slower
        self._readout_shift = learning.readout_shift + settings.readout_slower
        self._hidden.configure(settings.winners, settings.seed)
        self._readout.configure(design.network.classes, settings.seed)

    @classmethod
    def from_checkpoint(cls, design: DesignPoint, checkpoint: Checkpoint) -> DfaTrainer:
        """Continue where a checkpoint stopped."""
        accumulators = checkpoint.hidden_accumulators, checkpoint.readout_accumulators
        coefficients, settings = checkpoint.coefficients, checkpoint.settings
        return cls(design, checkpoint.weights, coefficients, accumulators, checkpoint.updates, settings)

    def checkpoint(self, metadata: dict | None = None) -> Checkpoint:
        """The present state, to be saved, with an empty reservoir."""
        return Checkpoint(
            self.weights, *self.accumulators, self.coefficients, metadata or {}, self.updates, settings=self.settings
        )

    @property
    def weights(self) -> Weights:
        """Present weights, copied."""
        return Weights(self._hidden.levels.copy(), self._readout.levels.copy())

    @property
    def accumulators(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """χ of the hidden layer and the readout, copied; shapes as the weights; zero where the design has none."""
        return tuple(
            np.zeros(writer.levels.shape, np.int32) if writer.values is None else writer.values.astype(np.int32)
            for writer in (self._hidden, self._readout)
        )

    @property
    def datapath(self) -> Datapath:
        """What the forward pass of the last sequence left."""
        return self._datapath

    def forward(self, x: NDArray, on_step: StepWatch | None = None) -> None:
        """The forward pass alone, with the present weights; `datapath` keeps what it gave.

        Args:
            x: (steps, features), as of `train_sequence`.
            on_step: called after every step, when the datapath's states are those of that step.

        Raises:
            ValueError: the sequence does not fit the design point.
        """
        features = np.ascontiguousarray(x)[None]
        check_features(self.design, features)
        self._datapath.run(features, on_step=on_step)

    def train_sequence(
        self,
        x: NDArray,
        label: int,
        watch: GradientWatch | None = None,
        on_step: StepWatch | None = None,
        until: int | None = None,
    ) -> Update:
        """Forward, error, update of both layers.

        Rules L1, L2, L5 and L17.

        Args:
            x: (steps, features), uint8, or int8 where the design has signed features; 1 … ``max_steps`` steps.
            label: 0 … classes − 1.
            watch: called with the exact gradients of hidden layer and readout, int64, before they are applied.
            on_step: as of `forward`.
            until: only the columns before this one are written, the readout's counted after the hidden layer's, as
                when a soft reset cuts the update short; all where None.

        Raises:
            ValueError: the sequence or the label does not fit the design point.
        """
        if not 0 <= label < self.design.network.classes:
            raise ValueError(f"label is {label}; it must be in 0…{self.design.network.classes - 1}")
        self.forward(x, on_step)
        scores = self._datapath.scores[0].astype(np.int16)
        error = output_error(self.design, scores, label)
        feedback = error.astype(self._dtype) @ self._feedback
        winners = winning_units(feedback, self.settings.winners)
        columns = None if len(winners) == len(feedback) else winners
        self.updates = (self.updates + 1) & ((1 << UPDATE_COUNT_BITS) - 1)
        self._hidden_gradient(feedback, columns)
        self._readout_gradient(error)
        if watch:
            watch(
                np.ldexp(self._hidden.gradient, self._hidden_shift).astype(np.int64),
                np.ldexp(self._readout.gradient, self._readout_shift).astype(np.int64),
            )
        hidden_columns = readout_columns = None
        if until is not None:
            hidden_columns = int(np.searchsorted(winners, until))
            readout_columns = max(0, until - len(feedback))
        return Update(
            scores, int(scores.argmax()), error.astype(np.int16), feedback.astype(np.int32), winners,
            self._hidden.commit(columns, self.updates, hidden_columns),
            self._readout.commit(None, self.updates, readout_columns),
        )  # fmt: skip

    def _hidden_gradient(self, feedback: NDArray[np.floating], columns: NDArray[np.intp] | None) -> None:
        """``Σ_t m_t δ_tᵀ`` of the columns that learn, over ``2^shift``; ``δ = rs(f·d′, 8 + fs)`` each step.

        Rules L7 to L9.
        """
        path = self._datapath
        codes = path.codes[:, 0]
        if columns is not None:
            codes, feedback = codes[:, columns], feedback[columns]
        delta = self._derivative.take((codes + self.design.adc_limit).astype(np.intp))
        delta *= feedback
        delta += HALF
        np.floor(delta, out=delta)
        delta *= 2.0**-self._hidden_shift
        features, gradient = self.design.network.features, self._hidden.gradient
        np.matmul(path.inputs[:, 0].T, delta, out=gradient[:features])
        np.matmul(path.word_history[:, 0].T, delta, out=gradient[features:-1])
        np.sum(delta, axis=0, out=gradient[-1])
        gradient[-1] *= self.design.stream_limit

    def _readout_gradient(self, error: NDArray[np.integer]) -> None:
        """``m eᵀ`` with the readout's words, over ``2^shift``. Rule L10."""
        scaled = error.astype(self._dtype) * self._dtype(2.0**-self._readout_shift)
        np.multiply(self._datapath.readout_words[0][:, None], scaled, out=self._readout.gradient[:-1])
        np.multiply(scaled, self.design.stream_limit, out=self._readout.gradient[-1])
