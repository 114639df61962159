"""Which part of a run is recorded where toggles are counted; tb/cpp/toggles.cpp reads it at an input of the harness."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any

RECORDING = "recording"
"""Input of the harness that holds the phase."""
RECORDING_BITS = 2
HALTED_FILE = "halted.saif"
"""What is recorded of `Phase.HALTED`, in the working directory of the simulation."""


class Phase(IntEnum):
    """A part of a run."""

    NOTHING = 0
    HALTED = 1
    """The host programs the device, which is halted."""
    STREAM = 2
    """From the start of the device until all has ended that the packets set going."""


def record(dut: Any, config: Mapping[str, Any], phase: Phase) -> None:
    """Tell the recorder which phase begins; nothing where toggles are not counted. Every host has to.

    Args:
        config: of the run, as `remora.flow.verify.run.run_case` gives it; ``toggles`` says whether they are counted.
    """
    if config["toggles"]:
        getattr(dut, RECORDING).value = phase
