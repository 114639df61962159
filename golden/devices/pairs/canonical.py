"""Canonical pairs: one of the two devices is at rest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from remora.golden.devices.chip import ChipLayer
from remora.golden.devices.curves import Integers
from remora.golden.devices.pairs.policy import Choice, Flags, Sense
from remora.spec.devices.model import DeviceModel


class Canonical:
    """A pulse lowers the device that opposes the change, while that is above rest, else it raises the other one.

    Rules P1, D21, D22 and W2.
    """

    def choose(self, raises: Flags, sense: Sense) -> Choice:
        """As `remora.golden.devices.pairs.policy.PairPolicy.choose`."""
        opposed = ~_either(raises, sense.neg_rest, sense.pos_rest)
        return Choice(opposed, _either(raises, sense.pos_full, sense.neg_full), raises == opposed)

    def erase(self, sense: Sense) -> tuple[Flags, Flags]:
        """g⁺ falls, then g⁻."""
        return ~(sense.pos_rest & sense.neg_rest), sense.pos_rest

    def raised(self, levels: Integers, reference: int) -> tuple[Integers, NDArray[np.bool_]]:
        """The device of the weight's sign rises."""
        return np.abs(levels), levels < 0

    def programmed(self, model: DeviceModel, made: ChipLayer, levels: Integers) -> Integers:
        """One device at its weight above nominal rest, and the other at nominal rest, as far as bounds let them.

        Rule D21.
        """
        pair = np.stack([np.maximum(levels, 0), np.maximum(-levels, 0)])
        return np.minimum(made.high, np.maximum(made.low, model.rest + pair * model.level))

    def written(self, before: NDArray[np.int64], after: NDArray[np.int64]) -> int:
        """A pair that crosses zero writes both of its devices."""
        return int(np.count_nonzero(before != after) + np.count_nonzero(before * after < 0))


def _either(first: Flags, one: Flags, other: Flags) -> Flags:
    """``one`` where ``first``, else ``other``."""
    return other ^ (first & (one ^ other))
