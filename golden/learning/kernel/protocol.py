"""The contract between a learner and the kernel that does its arithmetic, and what one update gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.weights import Weights
from remora.golden.devices.state import DeviceState
from remora.golden.learning.kernel.rules import BiasRule
from remora.golden.learning.pulses import Writes
from remora.golden.learning.settings import LearningSettings
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.verify.verified_cycles import VerifiedTile

GradientWatch = Callable[[NDArray[np.int64], NDArray[np.int64]], None]
"""What a kernel shows the exact gradients of an update to: (rows, winners) of the hidden layer, (rows, classes)."""

Accumulators = tuple[NDArray[np.integer], NDArray[np.integer]]
"""χ of the hidden layer and the readout; shapes as the weights."""


@dataclass(frozen=True)
class WeightUpdate:
    """What training on one sequence did.

    Rules L1 and L2.

    Attributes:
        scores: (classes,) int16, as `remora.golden.crossbar.miru.infer` gives before the update.
        decision: class of the highest score, ties to the lower.
        error: (classes,) int16, ``e = p − 255·onehot``.
        feedback: (hidden,) int32, ``f = Ψᵀ e``.
        winners: hidden units that learnt, rising.
        hidden, readout: what was written into each layer.
        verified: what was pulsed and read, in the order of the update, of a design that verifies.
    """

    scores: NDArray[np.int16]
    decision: int
    error: NDArray[np.int16]
    feedback: NDArray[np.int32]
    winners: NDArray[np.intp]
    hidden: Writes
    readout: Writes
    verified: tuple[VerifiedTile, ...] = ()

    @property
    def applied(self) -> int:
        """Pulses that devices took, both layers."""
        return self.hidden.applied + self.readout.applied

    @property
    def dropped(self) -> int:
        """Pulses that found their pair full, both layers."""
        return self.hidden.dropped + self.readout.dropped


class LearningKernel(Protocol):
    """Weights, χ, and the arithmetic that trains them on one sequence.

    Two kernels with the same arguments and the same calls hold the same integers and return the same ones: nothing is
    rounded but where a rule of ``docs/reference/arithmetic.md`` says so (``rs``: to nearest, ties up), and no result
    depends on the order of a sum. The caller checks arguments; a kernel does not.
    """

    @property
    def levels(self) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
        """Present weights in levels, copied: (features + hidden + 1, hidden) and (hidden + 1, classes) int16; of real
        devices the nearest levels."""

    @property
    def accumulators(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """χ of both layers, copied: int32 of the shapes of the weights; zero where the design has none."""

    @property
    def devices(self) -> DeviceState | None:
        """Present state of real devices, copied; None where they are ideal."""

    def set_started(self, number: int) -> None:
        """Say how many sequences the chip has started, where some were started elsewhere; ideal devices do not count.

        Rule D17.
        """

    def age(self, ticks: int) -> None:
        """Let time pass; ideal devices do not notice. Rule D11.

        Raises:
            ValueError: it is no age.
        """

    def configure(self, settings: LearningSettings) -> None:
        """Learn by these settings from the next sequence on; called before the first. Rule L16."""

    def set_bias_rules(self, rules: tuple[BiasRule, BiasRule]) -> None:
        """Learn the bias rows of hidden layer and readout by these rules from the next sequence on; for experiments."""

    def learn(
        self, x: NDArray, label: int, number: int, watch: GradientWatch | None = None, until: int | None = None
    ) -> WeightUpdate:
        """Forward, error, update of both layers.

        Rules L1 to L17.

        Args:
            x: (steps, features), uint8, or int8 where the design has signed features; 1 … ``max_steps`` steps.
            label: 0 … classes − 1.
            number: q of this update, 0 … 2³² − 1.
            watch: called with the gradients before any shift.
            until: only the columns before this one are written, the readout's counted after the hidden layer's; all
                where None.
        """


class MakeKernel(Protocol):
    """Makes a kernel of a network; the arguments fit the design point, and the caller has checked that."""

    def __call__(
        self,
        design: DesignPoint,
        weights: Weights,
        coefficients: Coefficients,
        accumulators: Accumulators | None,
        devices: DeviceState | None = None,
    ) -> LearningKernel:
        """A kernel that holds copies of weights, χ and devices; χ is zero where None, and real devices are freshly
        programmed to the weights where None."""


def with_bias_rules(make: MakeKernel, rules: tuple[BiasRule, BiasRule]) -> MakeKernel:
    """What makes kernels whose bias rows learn by rules under study, of hidden layer and readout."""

    def made(
        design: DesignPoint,
        weights: Weights,
        coefficients: Coefficients,
        accumulators: Accumulators | None = None,
        devices: DeviceState | None = None,
    ) -> LearningKernel:
        kernel = make(design, weights, coefficients, accumulators, devices)
        kernel.set_bias_rules(rules)
        return kernel

    return made
