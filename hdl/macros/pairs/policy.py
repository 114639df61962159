"""What a policy of pairs answers the controllers that program crossbars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from amaranth.hdl import Value

from remora.spec.crossbar.design import Crossbar


class Choice(NamedTuple):
    """What becomes of a pulse of the weight of each row."""

    lowers: Value
    """Rows whose chosen device is lowered."""
    blocked: Value
    """Of the other rows, those whose pulse is dropped; the rest raise the chosen device."""
    side: Value
    """The chosen device, 0 for g⁺ and 1 for g⁻."""


class Erasure(NamedTuple):
    """What a pulse that erases does to the pair of each row."""

    lowers: Value
    """Rows whose pair has a device to lower."""
    side: Value
    """That device, 0 for g⁺ and 1 for g⁻."""


class PairPolicy(Protocol):
    """A policy of pairs; combinational, and without state."""

    def __init__(self, crossbar: Crossbar) -> None: ...

    def choose(self, raises: Value, sense: Mapping[str, Value]) -> Choice:
        """Which device a pulse of a weight reaches, and which way; a bit a row.

        Args:
            raises: rows whose weight the pulse raises.
            sense: the flags, by the names of `remora.hdl.macros.program_port.SENSE`.
        """

    def erase(self, pos_rest: Value, neg_rest: Value) -> Erasure:
        """Which device a pulse of the weight window lowers, until it lowers none; a bit a row."""

    def exceeds(self, weight: Value, level: Value) -> Value:
        """Whether an erased pair takes more than so many pulses to hold a weight."""

    def raised_side(self, negative: Value) -> Value:
        """The device that these pulses raise, 0 for g⁺ and 1 for g⁻; a bit a row, of which ``negative`` says whether
        its weight is below 0."""

    def driven(self, weights: Sequence[Value], rows: Value, above: Value) -> Value:
        """Those of some rows whose weight is not 0.

        Args:
            above: of these rows, what `exceeds` says of the weights and level 0.
        """
