"""The policies of pairs that there are."""

from __future__ import annotations

from remora.hdl.macros.pairs.canonical import Canonical
from remora.hdl.macros.pairs.policy import PairPolicy
from remora.hdl.macros.pairs.reference import Reference
from remora.spec.crossbar.design import DesignPoint

PAIRS: dict[str, type[PairPolicy]] = {
    "canonical": Canonical,
    "reference": Reference,
}


def pair_policy(design: DesignPoint) -> PairPolicy:
    """The policy of a design point."""
    return PAIRS[design.crossbar.pair](design.crossbar)
