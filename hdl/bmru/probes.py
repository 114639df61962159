"""Probes of the BMRU design: what the harness watches inside the top level, by instance path and port."""

from __future__ import annotations

CORE_USED = ("scan_enable", "scan_capture", "scan_latch", "clear", "settle", "sample", "valid")
"""What of the core's strobes and outputs needs its clock."""
BMRU_PROBES = {name: ("controller.core", name) for name in CORE_USED} | {
    "core_reset": ("controller.core.macro", "reset"),
    "core_clock": ("controller.core.macro", "clk"),
    "scanning": ("controller.loader", "host__busy"),
    "take": ("controller.sequencer", "take"),
}
