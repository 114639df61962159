"""Canonical pairs: one of the two devices is at rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from amaranth.hdl import Cat, Const, Value

from remora.hdl.macros.pairs.policy import Choice, Erasure
from remora.spec.crossbar.design import Crossbar


class Canonical:
    """A pulse lowers the side that opposes the change, while it is above rest, else it raises the side that favours it.

    A weight is programmed from rest, on the side that it favours.

    Rules P1 and X7.
    """

    def __init__(self, crossbar: Crossbar) -> None:
        pass

    def choose(self, raises: Value, sense: Mapping[str, Value]) -> Choice:
        """As `remora.hdl.macros.pairs.policy.PairPolicy.choose`."""
        opposed = (raises & ~sense["neg_rest"]) | (~raises & ~sense["pos_rest"])
        full = (raises & sense["pos_full"]) | (~raises & sense["neg_full"])
        # 1 names g⁻: lowered to raise a weight, raised to lower it.
        return Choice(opposed, full, (raises & opposed) | (~raises & ~opposed))

    def erase(self, pos_rest: Value, neg_rest: Value) -> Erasure:
        """g⁺ falls, then g⁻."""
        return Erasure(~(pos_rest & neg_rest), pos_rest)

    def exceeds(self, weight: Value, level: Value) -> Value:
        """Whether the magnitude of a weight is larger than a level, without a carry: −w is ~w + 1, 2·~w + 1 is odd."""
        negative = weight[-1]
        return Cat(negative, weight[:-1] ^ negative.replicate(len(weight) - 1)) > Cat(Const(0, 1), level)

    def raised_side(self, negative: Value) -> Value:
        """That of the weight's sign."""
        return negative

    def driven(self, weights: Sequence[Value], rows: Value, above: Value) -> Value:
        """A magnitude above 0 is not 0."""
        return above
