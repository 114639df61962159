"""How a design point is written where that is not the design point's to say: names, outlines, source locations."""

from __future__ import annotations

import re
from dataclasses import dataclass

from remora.spec.lib.errors import RemoraError

DEVICE_PITCH = 1.6
"""Of one device in both directions, in µm: a device with its transistor needs two wires each way, 0.8 µm apart."""


@dataclass(frozen=True)
class Packaging:
    """What whoever generates says of the files; none of it changes the hardware.

    Raises:
        RemoraError: a value is not legal; the message names the option.
    """

    prefix: str = ""
    """Begins the name of every generated module and of every cell of the abstracts, so that several cores fit into one
    netlist; macros keep their names."""
    device_pitch: float = DEVICE_PITCH
    """Of the devices in the LEF abstracts, in µm."""
    source_locations: bool = False
    """The netlist says in attributes ``src`` which line of Remora each part comes from."""

    def __post_init__(self) -> None:
        if self.prefix and not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", self.prefix):
            raise RemoraError(
                f"--prefix {self.prefix}: a prefix begins with a letter and has letters, digits and _ alone"
            )
        if not 0.01 <= self.device_pitch <= 100:
            raise RemoraError(f"--device-pitch {self.device_pitch:g}: a pitch is 0.01 to 100 µm")


PLAIN = Packaging()
