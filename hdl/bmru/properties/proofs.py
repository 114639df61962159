"""Proofs about the BMRU accelerator."""

from __future__ import annotations

from remora.hdl.bmru.properties.blocks import blocks
from remora.hdl.bmru.properties.power import power
from remora.hdl.bmru.properties.scan import scan
from remora.hdl.bmru.properties.whole import whole
from remora.hdl.lib.properties.proof import Proof


def proofs() -> list[Proof]:
    """All of them."""
    return [*blocks(), *power(), *scan(), *whole()]
