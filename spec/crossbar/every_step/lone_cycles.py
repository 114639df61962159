"""Cycles of a lone sequence whose every step is read out: stage by stage, since answers may be what takes longest."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from remora.spec.crossbar.cycles import Cycles


class LoneCycles(NamedTuple):
    """Cycles of a sequence as the hardware counts them."""

    steps: int
    """From its first plane to its last state."""
    readout: int
    """From there until the last part of its answer is taken over."""


class Readouts:
    """The stages of `hdl/crossbar/every_step`, a readout after the other.

    Attributes:
        sampled: the cycle of the last sample. ``gathered``: of the last plane of the last readout.
        concluded: in which the last part was handed to the answer.
    """

    def __init__(self, cycles: Cycles) -> None:
        self.cycles, self.sampled, self.gathered, self.concluded = cycles, 0, 0, 0
        self._decided = self._sent = -cycles.design.network.classes - 1

    def read(self, due: int) -> int:
        """One more readout whose words may be streamed from cycle ``due`` on; returns when it begins."""
        cycles, classes = self.cycles, self.cycles.design.network.classes
        begun = max(due, self.sampled)
        self.gathered = begun + self.cycles.design.readout_planes * (1 + cycles.stretch.integrate)
        # Codes of the next conversion come when those before have been taken.
        taken = self._decided + 1 + max(0, classes - 3 - cycles.design.crossbar.adc_cycles)
        self.sampled = max(self.gathered + cycles.stretch.settle + 1, taken)
        self._decided = max(self.sampled + 2 + cycles.conversion, self.concluded)
        self.concluded = max(self._decided + classes, self._sent + 1)
        self._sent = max(self.concluded + 1, self._sent + 1 + classes)
        return begun


def lone_cycles(cycles: Cycles, steps: int) -> LoneCycles:
    """Of a sequence before which nothing is under way, and whose answer is not stalled."""
    design, readouts = cycles.design, Readouts(cycles)
    if not design.capabilities.bistable:
        start = ended = 0
        for _ in range(steps):
            ended = start + cycles.step
            start = readouts.read(ended)
        return LoneCycles(ended, readouts.concluded - ended)
    two = design.crossbar.integrators == 2
    planes, passed, start = cycles.stretch.planes(design.formats.stream_bits), 0, 0
    for _ in range(steps):
        # With two integrators the next planes come with the sample, or after it where that waits for states.
        free = readouts.gathered + 1
        last_plane = start + planes
        sample = max(last_plane + 1, free)
        passed = last_plane if two else sample
        start = last_plane if two and free <= last_plane else sample
        readouts.read(sample + 2)
    return LoneCycles(passed, readouts.concluded - passed)
