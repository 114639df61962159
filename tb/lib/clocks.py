"""The start of every simulation: a clock that begins low, with the reset asserted from time 0."""

from __future__ import annotations

import cocotb
from cocotb.clock import Clock
from cocotb.handle import Immediate


def start_clock(clock, reset, period_ns: int, asserted: int) -> None:
    """Drive the clock low and assert the reset before the simulator evaluates anything, then let the clock run.

    An ordinary write takes effect after the first evaluation. Until then an input holds what the simulator filled it
    with, and a clock that was filled with 1 makes a rising edge at time 0 in which every other input is random too.

    Args:
        clock, reset: handles of the two inputs.
        asserted: level of the reset at which the design is reset.
    """
    # Icarus fills nothing, and gates there never learn of what was written before their first evaluation.
    before = (lambda value: value) if cocotb.SIM_NAME.startswith("Icarus") else Immediate
    clock.value = before(0)
    reset.value = before(asserted)
    Clock(clock, period_ns, unit="ns", impl="gpi").start(start_high=False)
