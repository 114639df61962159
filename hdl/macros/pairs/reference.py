"""Pairs with a reference: g⁻ stays where it is, and g⁺ alone is pulsed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from amaranth.hdl import Cat, Const, Value

from remora.hdl.macros.pairs.policy import Choice, Erasure
from remora.spec.crossbar.design import Crossbar


class Reference:
    """A pulse raises or lowers g⁺, or is dropped where g⁺ is full or at rest. A weight is programmed from rest.

    Rules P5, X7 and X8.
    """

    def __init__(self, crossbar: Crossbar) -> None:
        self.level = crossbar.reference_level

    def choose(self, raises: Value, sense: Mapping[str, Value]) -> Choice:
        """As `remora.hdl.macros.pairs.policy.PairPolicy.choose`."""
        return Choice(~raises & ~sense["pos_rest"], ~raises | sense["pos_full"], Const(0, len(raises)))

    def erase(self, pos_rest: Value, neg_rest: Value) -> Erasure:
        """g⁺ falls."""
        return Erasure(~pos_rest, Const(0, len(pos_rest)))

    def exceeds(self, weight: Value, level: Value) -> Value:
        """Whether g⁺ is to rise above a level."""
        return weight + self.level > level

    def raised_side(self, negative: Value) -> Value:
        """g⁺."""
        return Const(0, len(negative))

    def driven(self, weights: Sequence[Value], rows: Value, above: Value) -> Value:
        """As `remora.hdl.macros.pairs.policy.PairPolicy.driven`."""
        return Cat(weight.any() for weight in weights) & rows
