"""What a rule of an update answers golden."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer


class Due(NamedTuple):
    """Pulses of weights."""

    positions: NDArray[np.intp]
    """Flat indices into the steps, rising; of weights without pulses some may be among them."""
    pulses: NDArray[np.int64]
    """As many, int64, up where positive."""


class UpdateRule(Protocol):
    """A rule of an update in one layer.

    Attributes:
        zones: levels at which χ gives its first pulse in a direction, of all rows but the last and of the last; both
            are 1 by rule L13. A rule without χ does not heed them.

    Args:
        values: χ to start from; zero where None.
        dtype: of steps and χ, wide enough for both, see `remora.golden.learning.kernel.rules.learning_dtype`.
    """

    zones: tuple[int, int]

    @property
    def values(self) -> NDArray[np.floating] | None:
        """(rows, columns) χ, integers in floating point; None where there is none."""

    def __init__(self, design: DesignPoint, which: Layer, values: NDArray | None, dtype: type[np.floating]) -> None: ...

    def configure(self, columns: int, seed: int) -> None:
        """How many columns learn from now on, and the seed of the draws."""

    def decide(self, step: NDArray[np.floating], columns: NDArray[np.intp] | None, update: int) -> Due:
        """The pulses of an update, and χ as they leave it.

        Args:
            step: (rows, learning columns) S of rule L11, without gaps; may be overwritten.
            columns: those that learn, rising; None where all do.
            update: its number, q.
        """
