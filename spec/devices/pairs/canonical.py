"""Canonical pairs: one of the two devices is at rest."""

from __future__ import annotations

from remora.spec.lib.fixed import Integer


class Canonical:
    """A weight is what one device holds above rest: g⁺ where it is positive, g⁻ where it is negative. Rule X1."""

    def weight_limit(self, top: int) -> int:
        """A full device beside one at rest."""
        return top

    def reference(self, top: int) -> int:
        """None: pulses move both devices."""
        return 0

    def full(self, top: int) -> int:
        """The highest level."""
        return top

    def devices(self, weight: Integer, top: int) -> tuple[Integer, Integer]:
        """As `remora.spec.devices.pairs.policy.PairPolicy.devices`."""
        return weight * (weight > 0), -weight * (weight < 0)

    def erase_pulses(self, top: int) -> int:
        """Both devices fall from full, one after the other."""
        return 2 * top

    def raise_pulses(self, top: int) -> int:
        """One device rises to full."""
        return top
