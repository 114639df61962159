"""Proofs about the BMRU accelerator."""

from __future__ import annotations

from pathlib import Path

from remora.hdl.bmru.scan_loader import ScanLoader
from remora.hdl.lib.properties.proof import Checker, Mutant, Proof
from remora.spec.bmru.design import BmruDesign

HERE = Path(__file__).parent
"""Folder of the checkers of this room."""


def proofs() -> list[Proof]:
    """All of them."""
    return [_scan()]


def _scan() -> Proof:
    # The shortest chain.
    design = BmruDesign(
        name="one",
        network={"features": 1, "width": 1, "blocks": 1, "classes": 1},  # type: ignore[arg-type]
        formats={"ratio_bits": 2, "ratio_fraction": 0, "bias_bits": 2},  # type: ignore[arg-type]
        vote={"wake_class": 0},  # type: ignore[arg-type]
    )
    ports = {"trusted": "trusted", "done": "host__done", "failed": "host__failed"}
    ports |= {name: name for name in ("scan_enable", "scan_capture", "scan_latch")}
    return Proof(
        "scan-loader",
        "the scan loader asks one thing of the chain at a time, and trusts nothing when a command fails",
        lambda: ScanLoader(design),
        {"scan": Checker("scan_rules", ports, folder=HERE)},
        {
            "scan.one_strobe": Mutant("", {"scan_latch": "good_scan_latch | good_scan_capture"}),
            "scan.fails_doubted": Mutant("", {"host__failed": "good_scan_capture"}),
        },
        # A word goes through the chain before its check can fail.
        depth=60,
    )
