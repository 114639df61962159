"""Canonical pairs: one of the two devices is at rest."""

from __future__ import annotations

from collections.abc import Mapping

from amaranth.hdl import Value

from remora.hdl.macros.pairs.policy import Choice


class Canonical:
    """A pulse lowers the side that opposes the change, while it is above rest, else it raises the side that favours it.

    Rule P1.
    """

    def choose(self, raises: Value, sense: Mapping[str, Value]) -> Choice:
        """As `remora.hdl.macros.pairs.policy.PairPolicy.choose`."""
        opposed = (raises & ~sense["neg_rest"]) | (~raises & ~sense["pos_rest"])
        full = (raises & sense["pos_full"]) | (~raises & sense["neg_full"])
        # 1 names g⁻: lowered to raise a weight, raised to lower it.
        return Choice(opposed, full, (raises & opposed) | (~raises & ~opposed))
