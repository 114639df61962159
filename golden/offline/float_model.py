"""The same network in floating point: what rounding, converters and local learning are measured against.

Forward pass, exact gradients by backpropagation through time (BPTT), and the DFA gradient of the unquantised network.
Not bit-exact with anything.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remora.golden.crossbar.weights import Weights
from remora.golden.offline.descent import log_softmax
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.formats import COEFFICIENT_BITS

Gradients = tuple[NDArray, NDArray]
"""Of hidden and readout weights, shapes as these."""


@dataclass(frozen=True)
class FloatModel:
    """Weights as real numbers, rows in the order of `remora.spec.crossbar.layout`, and the gates.

    Attributes:
        hidden: (features + hidden + 1, hidden); `readout`: (hidden + 1, classes); one floating type.
        reset, update: β and 1 − λ.
    """

    hidden: NDArray[np.floating]
    readout: NDArray[np.floating]
    reset: float
    update: float

    @classmethod
    def of(cls, design: DesignPoint, weights: Weights, dtype: type[np.floating] = np.float32) -> FloatModel:
        """The network of integer weights, without the rounding of its signals."""
        level = 2.0**-design.crossbar.level_bits
        gates = (
            value / (1 << COEFFICIENT_BITS) for value in (design.cell.reset_coefficient, design.cell.update_coefficient)
        )
        return cls(weights.hidden.astype(dtype) * dtype(level), weights.readout.astype(dtype) * dtype(level), *gates)

    def forward(self, x: NDArray[np.floating], history: bool = False):
        """Scores (n, classes) of sequences ``x`` (n, T, features) in 0 … 1 or −1 … 1, each from the zero state.

        With ``history``: scores, states (T + 1, n, hidden) from h_0, candidates (T, n, hidden).
        """
        sequences, steps, features = x.shape
        inputs, recurrent, bias = self.hidden[:features], self.hidden[features:-1], self.hidden[-1]
        state = np.zeros((sequences, self.hidden.shape[1]), self.hidden.dtype)
        states, candidates = [state], []
        for t in range(steps):
            candidate = np.tanh(x[:, t] @ inputs + (self.reset * state) @ recurrent + bias)
            state = (1 - self.update) * state + self.update * candidate
            if history:
                states.append(state)
                candidates.append(candidate)
        scores = state @ self.readout[:-1] + self.readout[-1]
        return (scores, np.array(states), np.array(candidates)) if history else scores

    def decide(self, x: NDArray[np.floating], batch: int = 512) -> NDArray[np.int64]:
        """Class of the highest score of each sequence."""
        return np.concatenate([self.forward(x[i : i + batch]).argmax(axis=1) for i in range(0, len(x), batch)])

    def bptt(self, x: NDArray[np.floating], y: NDArray[np.integer]) -> tuple[float, Gradients]:
        """Mean softmax cross-entropy over the sequences and its exact gradient."""
        history = self.forward(x, history=True)
        scores = history[0]
        log_probability = log_softmax(scores)
        chosen = np.arange(len(y)), y
        error = np.exp(log_probability)
        error[chosen] -= 1
        return float(-log_probability[chosen].mean()), self.backward(x, error / len(y), history)

    def backward(self, x: NDArray[np.floating], error: NDArray[np.floating], history: tuple | None = None) -> Gradients:
        """Exact gradient of a loss whose derivative by the scores is ``error`` (n, classes), through time.

        Args:
            history: what ``forward(x, history=True)`` returned, where it is at hand.
        """
        _, states, candidates = history or self.forward(x, history=True)
        hidden = np.zeros_like(self.hidden)
        recurrent = self.hidden[x.shape[2] : -1]
        flowing = error @ self.readout[:-1].T
        for t in reversed(range(x.shape[1])):
            delta = self.update * flowing * (1 - candidates[t] ** 2)
            hidden += self._outer(x[:, t], self.reset * states[t], delta)
            flowing = (1 - self.update) * flowing + self.reset * (delta @ recurrent.T)
        return hidden, _with_bias(states[-1]).T @ error

    def dfa(self, x: NDArray[np.floating], feedback: NDArray[np.floating], error: NDArray[np.floating]) -> Gradients:
        """Gradient by direct feedback alignment, summed over sequences and steps.

            f = e Ψ      δ_t = f ⊙ (1 − c_t²)      Σ_t [x_t, β h_{t-1}, 1]ᵀ δ_t      and for the readout [h_T, 1]ᵀ e

        It is the gradient of ``Σ_t f·c_t`` with f and every h_{t-1} held constant.

        Args:
            feedback: Ψ, (classes, hidden).
            error: e, (n, classes).
        """
        _, states, candidates = self.forward(x, history=True)
        projected = error @ feedback
        hidden = np.zeros_like(self.hidden)
        for t, candidate in enumerate(candidates):
            hidden += self._outer(x[:, t], self.reset * states[t], projected * (1 - candidate**2))
        return hidden, _with_bias(states[-1]).T @ error

    @staticmethod
    def _outer(inputs: NDArray, recurrent: NDArray, delta: NDArray) -> NDArray:
        return np.concatenate([inputs.T @ delta, recurrent.T @ delta, delta.sum(axis=0, keepdims=True)])


def _with_bias(states: NDArray) -> NDArray:
    return np.concatenate([states, np.ones((len(states), 1), states.dtype)], axis=1)


def to_float(design: DesignPoint, x: NDArray, dtype: type[np.floating] = np.float32) -> NDArray[np.floating]:
    """Feature bytes as the real numbers they stand for: x/256, or where signed x/128 (a word of 256 would be 1)."""
    scale = 128 if design.network.feature_signed else 256
    return x.astype(dtype) / dtype(scale)
