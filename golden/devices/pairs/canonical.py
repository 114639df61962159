"""Canonical pairs: one of the two devices is at rest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from remora.golden.devices.pairs.policy import Choice, Flags, Sense


class Canonical:
    """A pulse lowers the device that opposes the change, while that is above rest, else it raises the other one.

    Rules P1 and D22.
    """

    def choose(self, raises: Flags, sense: Sense) -> Choice:
        """As `remora.golden.devices.pairs.policy.PairPolicy.choose`."""
        opposed = (raises & ~sense.neg_rest) | (~raises & ~sense.pos_rest)
        full = (raises & sense.pos_full) | (~raises & sense.neg_full)
        return Choice(opposed, full, raises == opposed)

    def written(self, before: NDArray[np.int64], after: NDArray[np.int64]) -> int:
        """A pair that crosses zero writes both of its devices."""
        return int(np.count_nonzero(before != after) + np.count_nonzero(before * after < 0))
