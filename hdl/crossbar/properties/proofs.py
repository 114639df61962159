"""Proofs about the crossbar accelerator."""

from __future__ import annotations

from remora.hdl.crossbar.properties.buffers import buffers
from remora.hdl.crossbar.properties.core.whole import whole
from remora.hdl.crossbar.properties.sequencing import sequencing
from remora.hdl.lib.properties.proof import Proof


def proofs() -> list[Proof]:
    """All of them."""
    return [*buffers(), *sequencing(), *whole()]
