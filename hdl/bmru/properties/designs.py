"""Small designs that proofs about the BMRU accelerator speak of."""

from __future__ import annotations

from pathlib import Path

from remora.spec.bmru.design import BmruDesign

HERE = Path(__file__).parent
"""Folder of the checkers of this room."""


def small(**network: int) -> BmruDesign:
    """The shortest chain, phases of a cycle and a window of one frame, with other sizes of the network."""
    return BmruDesign(
        name="small",
        network={"features": 1, "width": 1, "blocks": 1, "classes": 1, **network},  # type: ignore[arg-type]
        formats={"ratio_bits": 2, "ratio_fraction": 0, "bias_bits": 2, "feature_bits": 3},  # type: ignore[arg-type]
        settling={"phase_cycles": 1},  # type: ignore[arg-type]
        vote={"frames": 1, "wake_class": 0},  # type: ignore[arg-type]
    )


ONE = small()
"""Everything once."""
