"""Pairs with a reference: g⁻ stays where it is, and g⁺ alone is pulsed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from remora.golden.devices.chip import ChipLayer
from remora.golden.devices.curves import STEP_BITS, Integers
from remora.golden.devices.pairs.policy import Choice, Flags, Sense
from remora.spec.devices.model import DeviceModel
from remora.spec.devices.tables import POSITION_BITS


class Reference:
    """A pulse raises or lowers g⁺, or is dropped where g⁺ is full or at rest.

    Rules P5, D22, D24, D25 and W2.
    """

    def choose(self, raises: Flags, sense: Sense) -> Choice:
        """As `remora.golden.devices.pairs.policy.PairPolicy.choose`."""
        return Choice(~raises & ~sense.pos_rest, ~raises | sense.pos_full, np.zeros_like(raises))

    def erase(self, sense: Sense) -> tuple[Flags, Flags]:
        """g⁺ falls."""
        return ~sense.pos_rest, np.zeros_like(sense.pos_rest)

    def raised(self, levels: Integers, reference: int) -> tuple[Integers, NDArray[np.bool_]]:
        """g⁺ rises, past the reference where the weight is positive."""
        return reference + levels, np.zeros(levels.shape, bool)

    def programmed(self, model: DeviceModel, made: ChipLayer, levels: Integers) -> Integers:
        """g⁻ at the symmetry point of g⁺, and g⁺ at its weight above that, as far as bounds let them. Rule D25."""
        (low, below), (high, above) = made.low, made.high
        reference = np.minimum(above, np.maximum(below, symmetry_points(model, made)))
        return np.stack([np.minimum(high, np.maximum(low, reference + levels * model.level)), reference])

    def written(self, before: NDArray[np.int64], after: NDArray[np.int64]) -> int:
        """One device a weight that moved."""
        return int(np.count_nonzero(before != after))


def symmetry_points(model: DeviceModel, made: ChipLayer) -> Integers:
    """p at which a pulse up of g⁺ moves it as far as a pulse down, (rows, columns). Rule D24."""
    low, high, up, down = made.low[0], made.high[0], made.up[0], made.down[0]
    surplus = np.multiply.outer(model.raise_steps, up) - np.multiply.outer(model.lower_steps, down)
    crosses = (surplus[:-1] > 0) & (surplus[1:] <= 0)
    knot = crosses.argmax(axis=0)[None]
    before, after = np.take_along_axis(surplus, knot, 0)[0], np.take_along_axis(surplus, knot + 1, 0)[0]
    between = np.minimum(1 << STEP_BITS, before // np.maximum(1, (before - after) >> STEP_BITS))
    crossing = low + ((high - low) * ((knot[0] << STEP_BITS) + between) >> POSITION_BITS)
    middle = np.minimum(high, np.maximum(low, model.rest + model.weight_limit * model.level))
    return np.where(crosses.any(axis=0), crossing, middle)
