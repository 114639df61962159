"""What a policy of pairs answers golden."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from remora.golden.devices.chip import ChipLayer
from remora.golden.devices.curves import Integers
from remora.spec.devices.model import DeviceModel

Flags = NDArray[np.bool_] | np.bool_
"""A flag of one pair, or of many."""


class Sense(NamedTuple):
    """The sense flags of pairs, as a controller sees them. Rule D12.

    Attributes:
        pos_rest, neg_rest: g⁺, and g⁻, is at rest.
        pos_full, neg_full: g⁺, and g⁻, is full.
    """

    pos_rest: Flags
    pos_full: Flags
    neg_rest: Flags
    neg_full: Flags


class Choice(NamedTuple):
    """What becomes of a pulse of a weight."""

    lowers: Flags
    """It lowers the chosen device."""
    blocked: Flags
    """Where it does not, it is dropped; elsewhere it raises the chosen device."""
    side: Flags
    """The chosen device, 0 for g⁺ and 1 for g⁻."""


class PairPolicy(Protocol):
    """A policy of pairs; it holds no state."""

    def choose(self, raises: Flags, sense: Sense) -> Choice:
        """Which device a pulse of a weight reaches, and which way.

        Args:
            raises: the pulse raises the weight.
            sense: as it is before the pulse, of the same shape.
        """

    def erase(self, sense: Sense) -> tuple[Flags, Flags]:
        """Pairs of which the weight window lowers a device, until there are none; and that, 0 for g⁺. Rule W2."""

    def raised(self, levels: Integers, reference: int) -> tuple[Integers, NDArray[np.bool_]]:
        """Pulses that raise erased pairs to weights, and the device that takes them, 0 for g⁺. Rule W2.

        Args:
            levels: the weights.
            reference: level at which g⁻ stays; 0 where it does not.
        """

    def programmed(self, model: DeviceModel, made: ChipLayer, levels: Integers) -> Integers:
        """p of the devices of a fresh chip that hold these weights, (2, rows, columns).

        Args:
            levels: (rows, columns), within the largest weight.
        """

    def written(self, before: NDArray[np.int64], after: NDArray[np.int64]) -> int:
        """How many ideal devices took the pulses that moved weights, of levels before and after. Rule P3."""
