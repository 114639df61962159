"""Pairs with a reference: g⁻ stays where it is, and g⁺ alone is pulsed."""

from __future__ import annotations

from remora.spec.lib.fixed import Integer


class Reference:
    """A weight is how far g⁺ is above a reference in the middle of its levels. Rule X8."""

    def weight_limit(self, top: int) -> int:
        """As far below the reference as above it."""
        return top >> 1

    def reference(self, top: int) -> int:
        """The middle of the levels, the lower one of two."""
        return top >> 1

    def full(self, top: int) -> int:
        """The level of the largest weight; of an even number of levels the highest one stays unused."""
        return 2 * self.weight_limit(top)

    def devices(self, weight: Integer, top: int) -> tuple[Integer, Integer]:
        """As `remora.spec.devices.pairs.policy.PairPolicy.devices`."""
        return self.reference(top) + weight, self.reference(top) + 0 * weight

    def erase_pulses(self, top: int) -> int:
        """g⁺ falls from the highest level."""
        return top

    def raise_pulses(self, top: int) -> int:
        """g⁺ rises to the largest weight."""
        return self.full(top)
