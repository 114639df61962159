"""The fault bench of the crossbar accelerator: sequences of every kind, under stalls, from images or by the window."""

from __future__ import annotations

from collections.abc import Sequence

from remora.flow.faults.bench import FaultBench
from remora.flow.faults.mutation import Fault
from remora.flow.systems.crossbar.catalogue.fault_catalogue import catalogue
from remora.flow.systems.crossbar.generate import crossbar_parts
from remora.flow.systems.crossbar.harness import crossbar_harness
from remora.flow.systems.crossbar.run import CrossbarCase
from remora.flow.systems.crossbar.stimulus import (
    Stimulus,
    learning_stimulus,
    stress_stimulus,
    with_bad_packets,
    with_healing,
    with_replay_commands,
)
from remora.golden.crossbar.cell import Coefficients
from remora.spec.crossbar.design import DesignPoint

SEQUENCES = 20
COEFFICIENTS = Coefficients(reset=176, update=216, hidden_gain=5321, readout_gain=3001)
"""A state that follows its candidate fast enough to saturate words, and yet remembers enough to show a stale start."""
RATIOS = (1, 2, 3)
"""Replays after a new sequence, in turn."""
HEALED = (1, 2, 0, 3)
"""Healing replays at a command to the reservoir, in turn, and after the last sequence."""


class CrossbarFaultBench(FaultBench):
    """The two runs start from memory images, and by programming through the weight window."""

    FINDINGS = (
        r"\d+ sequences learnt, not \d+, \d+ cycles after the last answer",
        r"a sequence is still in flight \d+ cycles after the last was learnt",
        r"healing has not ended within \d+ cycles",
        r"column \d+, rows from \d+: devices do not hold their weight",
    )

    def __init__(self, design: DesignPoint, seed: int = 1, further: Sequence[Fault] = ()) -> None:
        self.design, self.stimulus = design, _stimulus(design, seed)
        parts = crossbar_parts(design, self.stimulus.weights)
        super().__init__(parts, crossbar_harness, catalogue(design), seed, further)

    def case(self, programs: bool) -> CrossbarCase:
        """See the base."""
        return CrossbarCase(self.design, self.stimulus, images=None if programs else self.generated.images)


def _stimulus(design: DesignPoint, seed: int) -> Stimulus:
    draw = learning_stimulus if design.capabilities.learns else stress_stimulus
    stimulus = draw(design, SEQUENCES, COEFFICIENTS, seed)
    if design.capabilities.replays:
        stimulus = with_replay_commands(stimulus, RATIOS, seed)
    if design.capabilities.heals:
        stimulus = with_healing(stimulus, HEALED)
    return with_bad_packets(design, stimulus, seed)
