"""What a policy of pairs says of levels: which devices hold a weight, and how large a weight may be."""

from __future__ import annotations

from typing import Protocol

from remora.spec.lib.fixed import Integer


class PairPolicy(Protocol):
    """A policy of pairs; it holds no state.

    ``top`` is W, the highest level of a device, everywhere.
    """

    def weight_limit(self, top: int) -> int:
        """E, the largest magnitude of a weight in levels. Rule F1."""

    def reference(self, top: int) -> int:
        """The level at which g⁻ stays; 0 where pulses move it."""

    def full(self, top: int) -> int:
        """The level from which on the sense flag *full* is set. Rule D12."""

    def devices(self, weight: Integer, top: int) -> tuple[Integer, Integer]:
        """g⁺ and g⁻ of a weight within the limit, in levels; also elementwise on arrays."""

    def erase_pulses(self, top: int) -> int:
        """Most pulses a row that erase a pair in the weight window."""

    def raise_pulses(self, top: int) -> int:
        """Most pulses a row that raise an erased pair to its weight."""
