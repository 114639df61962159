"""The FPGA: its name, and what it has of each resource."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Device:
    """A part of the family ECP5.

    Attributes:
        name: as its maker writes it.
        option: of nextpnr. ``package``: one with pins for every port. ``speed``: grade, 6 the slowest.
    """

    name: str
    option: str
    package: str
    speed: int


LARGEST = Device("LFE5U-85F", "--85k", "CABGA756", 6)
"""The largest part without transceivers, in its slowest grade."""
RESOURCES = {
    "TRELLIS_COMB": "luts",
    "TRELLIS_FF": "flip_flops",
    "DP16KD": "block_memories",
    "MULT18X18D": "multipliers",
}
"""Resource as nextpnr calls it → as the result does. A LUT has 4 inputs; half of them can be memory of 16 × 4 bits."""
