"""Checkers of the buses that every system has."""

from __future__ import annotations

from remora.hdl.lib.properties.proof import Checker

STREAM = ("tdata", "tkeep", "tlast", "tvalid", "tready")


def stream(prefix: str) -> Checker:
    """The rules of an AXI4-Stream of 32 bits that leaves the hardware by ports ``<prefix>_<signal>``."""
    return Checker("stream_rules", {name: f"{prefix}_{name}" for name in STREAM})
