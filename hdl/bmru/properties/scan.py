"""Proofs about the scan loader: nothing is latched or trusted but what its check word vouches for."""

from __future__ import annotations

from remora.hdl.bmru.properties.designs import HERE, ONE
from remora.hdl.bmru.scan_loader import ScanLoader
from remora.hdl.lib.properties.proof import Checker, Mutant, Proof

STROBES = ("scan_enable", "scan_capture", "scan_latch")


def scan() -> list[Proof]:
    """All of them."""
    return [_commands()]


def _commands() -> Proof:
    ports = {"trusted": "trusted", "done": "host__done", "failed": "host__failed"}
    ports |= {name: name for name in STROBES}
    return Proof(
        "scan-loader",
        "the scan loader asks one thing of the chain at a time, and trusts nothing when a command fails",
        lambda: ScanLoader(ONE),
        {"scan": Checker("scan_rules", ports, folder=HERE)},
        {
            "scan.one_strobe": Mutant("", {"scan_latch": "good_scan_latch | good_scan_capture"}),
            "scan.fails_doubted": Mutant("", {"host__failed": "good_scan_capture"}),
        },
        # A word goes through the chain before its check can fail.
        depth=60,
    )
