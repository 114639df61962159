"""The reference: learning in numpy, integers held exactly in floating point.

    f = Ψᵀ e      δ_t = f ⊙ (1 − c_t²)      ΔW = −η Σ_t m_t δ_tᵀ      of the columns whose |f_j| is among the largest

How a gradient becomes pulses is in `remora.golden.learning.pulses`. Source: M2RU, arXiv 2512.17299 (DFA on MiRU,
K-winner-take-all).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from remora.golden.crossbar.array import HALF
from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.device_datapath import DeviceDatapath, make_datapath
from remora.golden.crossbar.weights import Weights
from remora.golden.devices.state import DeviceState
from remora.golden.learning.kernel.protocol import Accumulators, GradientWatch, WeightUpdate
from remora.golden.learning.kernel.rules import (
    BiasRule,
    feedback_matrix,
    learning_dtype,
    output_error,
    signed_derivatives,
    winning_units,
)
from remora.golden.learning.pulses import LayerWriter, make_writer
from remora.golden.learning.settings import LearningSettings
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer
from remora.spec.crossbar.tables import DERIVATIVE_BITS

StepWatch = Callable[[int, int], None]
"""What the datapath calls after step t with (t, sequences active)."""


class NumpyKernel:
    """A `LearningKernel` that also shows every intermediate value.

    Attributes:
        datapath: what the forward pass of the last sequence left.
        on_step: called after every step of a forward pass, when the datapath's states are those of that step.

    Args:
        as of `MakeKernel`.
    """

    def __init__(
        self,
        design: DesignPoint,
        weights: Weights,
        coefficients: Coefficients,
        accumulators: Accumulators | None = None,
        devices: DeviceState | None = None,
    ):
        self.design = design
        self.on_step: StepWatch | None = None
        own = None if devices is None else devices.copy()
        self.datapath = path = make_datapath(design, weights, coefficients, batch=1, history=True, devices=own)
        self._chip = path if isinstance(path, DeviceDatapath) else None
        self._dtype = learning_dtype(design)
        scale = 2.0 ** -(DERIVATIVE_BITS + design.learning.feedback_shift)
        self._derivative = (signed_derivatives(design) * scale).astype(self._dtype)
        self._bias_rules = BiasRule(), BiasRule()
        hidden, readout = accumulators or (None, None)
        chip = self._chip.devices if self._chip else None
        self._hidden = make_writer(design, path.hidden, Layer.HIDDEN, weights.hidden, hidden, self._dtype, chip)
        self._readout = make_writer(design, path.readout, Layer.READOUT, weights.readout, readout, self._dtype, chip)

    @property
    def levels(self) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
        """As `LearningKernel.levels` says."""
        return self._hidden.levels.copy(), self._readout.levels.copy()

    @property
    def accumulators(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """As `LearningKernel.accumulators` says."""
        return _integers(self._hidden), _integers(self._readout)

    @property
    def uncorrected(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """As `accumulators`, before what verified pulses of the last update missed was given back. Rule T1."""
        if not self._hidden.verifier:
            return self.accumulators
        return self._hidden.uncorrected.astype(np.int32), self._readout.uncorrected.astype(np.int32)

    @property
    def devices(self) -> DeviceState | None:
        """As `LearningKernel.devices` says."""
        return self._chip.devices.copy() if self._chip else None

    def set_started(self, number: int) -> None:
        """As `LearningKernel.set_started` says."""
        if self._chip:
            self._chip.devices.started = number

    def set_probes(self, probes: tuple[int, int]) -> None:
        """Say how many samples of each layer belonged to no sequence; ideal devices do not count. Rule D17."""
        if self._chip:
            self._chip.devices.probes = probes

    def age(self, ticks: int) -> None:
        """As `LearningKernel.age` says."""
        if self._chip:
            self._chip.age(ticks)

    def configure(self, settings: LearningSettings) -> None:
        """As `LearningKernel.configure` says."""
        design, learning = self.design, self.design.learning
        self._winners = settings.winners
        self._feedback = feedback_matrix(design, settings.seed).astype(self._dtype)
        self._hidden_shift = learning.hidden_shift + settings.hidden_rate_shift
        self._readout_shift = learning.readout_shift + settings.readout_rate_shift
        self._hidden.configure(settings.winners, settings.seed)
        self._readout.configure(design.network.classes, settings.seed)
        for verifier in (self._hidden.verifier, self._readout.verifier):
            if verifier:
                verifier.feedback = settings.verify_feedback

    def set_bias_rules(self, rules: tuple[BiasRule, BiasRule]) -> None:
        """As `LearningKernel.set_bias_rules` says."""
        self._bias_rules = rules
        for writer, rule in zip((self._hidden, self._readout), rules, strict=True):
            writer.rule.zones = rule.other_zone, rule.zone

    def forward(self, x: NDArray) -> None:
        """The forward pass alone, with the present weights; `datapath` keeps what it gave. Rule D17 counts it.

        Args:
            x: (steps, features), as of `learn`.
        """
        self.datapath.run(x[None], on_step=self.on_step)
        if self._chip:
            self._chip.devices.count_start()

    def learn(
        self, x: NDArray, label: int, number: int, watch: GradientWatch | None = None, until: int | None = None
    ) -> WeightUpdate:
        """As `LearningKernel.learn` says."""
        self.forward(x)
        scores = self.datapath.scores[0].astype(np.int16)
        error = output_error(self.design, scores, label)
        feedback = error.astype(self._dtype) @ self._feedback
        winners = winning_units(feedback, self._winners)
        columns = None if len(winners) == len(feedback) else winners
        self._hidden_gradient(feedback, columns)
        self._readout_gradient(error)
        if watch:
            watch(
                np.ldexp(self._hidden.gradient, self._hidden_shift).astype(np.int64),
                np.ldexp(self._readout.gradient, self._readout_shift).astype(np.int64),
            )
        for writer, rule in zip((self._hidden, self._readout), self._bias_rules, strict=True):
            if rule.rate_shift:
                writer.gradient[-1] *= self._dtype(2.0**-rule.rate_shift)
        hidden_columns = readout_columns = None
        if until is not None:
            hidden_columns = int(np.searchsorted(winners, until))
            readout_columns = max(0, until - len(feedback))
        return WeightUpdate(
            scores, int(scores.argmax()), error.astype(np.int16), feedback.astype(np.int32), winners,
            self._hidden.commit(columns, number, hidden_columns),
            self._readout.commit(None, number, readout_columns),
            sum((each.verifier.tiles for each in (self._hidden, self._readout) if each.verifier), ()),
        )  # fmt: skip

    def _hidden_gradient(self, feedback: NDArray[np.floating], columns: NDArray[np.intp] | None) -> None:
        """``Σ_t m_t δ_tᵀ`` of the columns that learn, over ``2^shift``; ``δ = rs(f·d′, 8 + fs)`` each step.

        Rules L7 to L9.
        """
        path = self.datapath
        codes = path.codes[:, 0]
        if columns is not None:
            codes, feedback = codes[:, columns], feedback[columns]
        delta = self._derivative.take((codes + self.design.formats.adc_limit).astype(np.intp))
        delta *= feedback
        delta += HALF
        np.floor(delta, out=delta)
        delta *= 2.0**-self._hidden_shift
        features, gradient = self.design.network.features, self._hidden.gradient
        # Words may be held in a wider type than gradients are.
        inputs, words = (each[:, 0].astype(self._dtype, copy=False) for each in (path.inputs, path.word_history))
        np.matmul(inputs.T, delta, out=gradient[:features])
        np.matmul(words.T, delta, out=gradient[features:-1])
        np.sum(delta, axis=0, out=gradient[-1])
        gradient[-1] *= self.design.formats.stream_limit

    def _readout_gradient(self, error: NDArray[np.integer]) -> None:
        """``m eᵀ`` with the readout's words, over ``2^shift``. Rule L10."""
        scaled = error.astype(self._dtype) * self._dtype(2.0**-self._readout_shift)
        np.multiply(self.datapath.readout_words[0][:, None], scaled, out=self._readout.gradient[:-1])
        np.multiply(scaled, self.design.formats.stream_limit, out=self._readout.gradient[-1])


def _integers(writer: LayerWriter) -> NDArray[np.int32]:
    """χ of a layer; zero where there is none."""
    values = writer.rule.values
    return np.zeros(writer.levels.shape, np.int32) if values is None else values.astype(np.int32)
