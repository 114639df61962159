"""The policies of pairs that there are, by ``crossbar.pair`` of the design point."""

from __future__ import annotations

from remora.spec.devices.pairs.canonical import Canonical
from remora.spec.devices.pairs.policy import PairPolicy
from remora.spec.devices.pairs.reference import Reference

PAIRS: dict[str, PairPolicy] = {
    "canonical": Canonical(),
    "reference": Reference(),
}
