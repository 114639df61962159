"""The policies of pairs that there are, by ``pair`` of the model of devices."""

from __future__ import annotations

from remora.golden.devices.pairs.canonical import Canonical
from remora.golden.devices.pairs.policy import PairPolicy
from remora.golden.devices.pairs.reference import Reference

PAIRS: dict[str, PairPolicy] = {
    "canonical": Canonical(),
    "reference": Reference(),
}
