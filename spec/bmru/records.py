"""Trace records of the BMRU accelerator: a record a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from remora.spec.lib.section import RecordFields

if TYPE_CHECKING:
    from remora.spec.bmru.design import BmruDesign

FRAME = "frame"


def record_fields(design: BmruDesign) -> dict[str, RecordFields]:
    """Fields of the one kind of record: ``frame``, one a frame, when it is sampled.

    ``frame`` counts frames since the reset, modulo 2³²; ``charge`` is the charge counter after the frame; ``feature``
    the DAC codes as applied; ``candidate`` the currents c of the cells' inputs in pA, before the diode, and ``state``
    the cells, by (block, cell); ``output`` the currents of the output nodes in pA and ``decision`` the class of the
    largest.
    """
    network = design.network
    cells = (network.blocks, network.width)
    return {
        FRAME: [
            ("cycle", "<u8"),
            ("charge", "<u8"),
            ("frame", "<u4"),
            ("candidate", "<i4", cells),
            ("output", "<i4", (network.classes,)),
            ("decision", "<u2"),
            ("feature", "<i2", (network.features,)),
            ("state", "<u2", cells),
        ]
    }
