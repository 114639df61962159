"""The policies of pairs that there are."""

from __future__ import annotations

from remora.hdl.macros.pairs.canonical import Canonical
from remora.hdl.macros.pairs.policy import PairPolicy
from remora.spec.crossbar.design import DesignPoint

PAIRS: dict[str, PairPolicy] = {
    "canonical": Canonical(),
}


def pair_policy(design: DesignPoint) -> PairPolicy:
    """The policy of a design point."""
    return PAIRS[design.device_model().pair]
