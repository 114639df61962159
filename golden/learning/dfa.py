"""Online learning by direct feedback alignment (DFA), one sequence at a time: what a network keeps between sequences.

The arithmetic is that of a kernel, see `remora.golden.learning.kernel`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.miru import check_features
from remora.golden.crossbar.weights import Weights
from remora.golden.devices.state import SEQUENCE_MASK, DeviceState
from remora.golden.learning.checkpoint import Checkpoint
from remora.golden.learning.device_state import check_devices
from remora.golden.learning.kernel.numpy_kernel import NumpyKernel
from remora.golden.learning.kernel.protocol import Accumulators, GradientWatch, MakeKernel, WeightUpdate
from remora.golden.learning.pulses import check_accumulators
from remora.golden.learning.settings import LearningSettings
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.learning import UPDATE_COUNT_BITS
from remora.spec.crossbar.spares.spare_map import SpareMap


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
        kernel: does the arithmetic; every kernel gives the same bits.
        devices: state of real ones to start from; freshly programmed to the weights where None.

    Raises:
        ValueError: weights, accumulators, settings or devices do not fit the design point, or it has bistable cells,
            which are trained offline.
    """

    def __init__(
        self,
        design: DesignPoint,
        weights: Weights,
        coefficients: Coefficients | None = None,
        accumulators: Accumulators | None = None,
        updates: int = 0,
        settings: LearningSettings | None = None,
        kernel: MakeKernel = NumpyKernel,
        devices: DeviceState | None = None,
    ):
        if design.capabilities.bistable:
            raise ValueError(
                'cell.kind = "bmru": bistable cells are trained offline, with remora.golden.offline.bistable_training'
            )
        self.design, self.updates = design, updates
        self.spares: SpareMap | None = None  # of a checkpoint; ideal devices need no map
        self.coefficients = coefficients or Coefficients.of(design)
        weights.check(design)
        check_accumulators(design, accumulators)
        if devices is not None and not design.devices.ideal:
            check_devices(design, devices)
        self._kernel = kernel(design, weights, self.coefficients, accumulators, devices)
        self.settings = settings or LearningSettings.of(design)

    @property
    def settings(self) -> LearningSettings:
        """What software may change; may be set between sequences, ``ValueError`` where it does not fit. Rule L16."""
        return self._settings

    @settings.setter
    def settings(self, settings: LearningSettings) -> None:
        self._settings = settings.check(self.design)
        self._kernel.configure(settings)

    @classmethod
    def from_checkpoint(
        cls, design: DesignPoint, checkpoint: Checkpoint, kernel: MakeKernel = NumpyKernel
    ) -> DfaTrainer:
        """Continue where a checkpoint stopped, whichever kernel came that far.

        Raises:
            ValueError: its fault map marks a device, or it takes offsets off, and the devices of the design point are
                ideal.
        """
        accumulators = checkpoint.hidden_accumulators, checkpoint.readout_accumulators
        coefficients, settings = checkpoint.coefficients, checkpoint.settings
        found = cls(
            design, checkpoint.weights, coefficients, accumulators, checkpoint.updates, settings, kernel,
            _devices_of(design, checkpoint),
        )  # fmt: skip
        found.spares = checkpoint.spares
        return found

    def checkpoint(self, metadata: dict | None = None) -> Checkpoint:
        """The present state, to be saved, with an empty reservoir."""
        devices = self.devices
        return Checkpoint(
            self.weights, *self.accumulators, self.coefficients, metadata or {}, self.updates, settings=self.settings,
            devices=devices, fault_map=devices.fault_map if devices else None,
            offsets=devices.offsets if devices else None,
            spares=devices.spares if devices else self.spares,
        )  # fmt: skip

    @property
    def weights(self) -> Weights:
        """Present weights, copied; of real devices the nearest levels."""
        return Weights(*self._kernel.levels)

    @property
    def devices(self) -> DeviceState | None:
        """Present state of real devices, copied; None where they are ideal."""
        return self._kernel.devices

    def set_started(self, number: int) -> None:
        """Say how many sequences the chip has started, where some were started elsewhere. Rule D17."""
        self._kernel.set_started(number & SEQUENCE_MASK)

    def age(self, ticks: int) -> None:
        """Let time pass between sequences; ideal devices do not notice. Rule D11.

        Raises:
            ValueError: it is no age.
        """
        self._kernel.age(ticks)

    @property
    def accumulators(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """χ of the hidden layer and the readout, copied; shapes as the weights; zero where the design has none."""
        return self._kernel.accumulators

    def train_sequence(
        self, x: NDArray, label: int, watch: GradientWatch | None = None, until: int | None = None
    ) -> WeightUpdate:
        """Forward, error, update of both layers.

        Rules L1, L2, L5 and L17.

        Args:
            x: (steps, features), uint8, or int8 where the design has signed features; 1 … ``max_steps`` steps.
            label: 0 … classes − 1.
            watch: called with the exact gradients of hidden layer and readout, int64, before they are applied.
            until: only the columns before this one are written, the readout's counted after the hidden layer's, as
                when a soft reset cuts the update short; all where None.

        Raises:
            ValueError: the sequence or the label does not fit the design point; then nothing has changed.
        """
        if not 0 <= label < self.design.network.classes:
            raise ValueError(f"label is {label}; it must be in 0…{self.design.network.classes - 1}")
        x = np.ascontiguousarray(x)
        check_features(self.design, x[None])
        self.updates = (self.updates + 1) & ((1 << UPDATE_COUNT_BITS) - 1)
        return self._kernel.learn(x, label, self.updates, watch, until)


def _devices_of(design: DesignPoint, checkpoint: Checkpoint) -> DeviceState | None:
    """Real devices as a checkpoint has them, or freshly programmed beside those that its map marks. Rule D23."""
    fault_map, offsets, spares = checkpoint.fault_map, checkpoint.offsets, checkpoint.spares
    if design.devices.ideal and any(each.any() for each in offsets or ()):
        raise ValueError("offsets are taken off columns, but golden's ideal converters have none")
    if checkpoint.devices is not None or fault_map is spares is offsets is None:
        return checkpoint.devices
    if design.devices.ideal:
        if any(marks.any() for marks in fault_map or ()):
            raise ValueError("the fault map marks devices, but golden's ideal ones are never stuck")
        return None
    fresh = DeviceState.of(design, (checkpoint.weights.hidden, checkpoint.weights.readout), fault_map, spares)
    return fresh if offsets is None else fresh.with_offsets(offsets)
