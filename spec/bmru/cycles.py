"""Cycles of the BMRU core's controller: every count as one equation, beside the states that it counts.

Names in capitals are states of the machines in ``hdl/bmru``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from remora.spec.lib.section import Derived

if TYPE_CHECKING:
    from remora.spec.bmru.design import BmruDesign

AWAKE_AFTER = 8
"""Cycles for which the gated clock goes on after nothing is asked for: a write that has been answered acts, and what it
sets off is counted and raises the interrupt, within fewer."""
FREED = 2
"""From the start of a frame to the first cycle in which the buffer takes the next packet: ASLEEP, which starts it, and
PREPARE, which frees the buffer."""


@dataclass(frozen=True)
class BmruCycles(Derived):
    """Cycles of a design point."""

    design: BmruDesign

    @property
    def settle(self) -> int:
        """Cycles that a frame settles: a phase for each block, and one for the outputs (SETTLE)."""
        return self.design.settling.phase_cycles * (self.design.network.blocks + 1)

    @property
    def taken(self) -> int:
        """Cycles from the start of a frame to TAKE, in which its sample is taken: ASLEEP, PREPARE, SETTLE."""
        return 1 + 1 + self.settle

    @property
    def awake(self) -> int:
        """Cycles that the controller is awake for a frame: PREPARE, SETTLE, TAKE, DECIDE (39 by default)."""
        return 1 + self.settle + 1 + 1

    @property
    def shortest_frame(self) -> int:
        """Fewest cycles from the start of a frame to that of the next: ASLEEP, and all that it is awake for."""
        return 1 + self.awake

    @property
    def frame(self) -> int:
        """Clock cycles from frame to frame, rounded (328 by default)."""
        system = self.design.system
        return round(system.clock_hz * system.frame_ms / 1000)

    @property
    def hold(self) -> int:
        """Cycles of a frame that the currents stay as sampled."""
        return self.frame - self.settle

    @property
    def answer(self) -> int:
        """Cycles that an answer has the stream: header, one score a class, and one in which the next is taken."""
        return 1 + self.design.network.classes + 1
