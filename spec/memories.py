"""The memories that the host reads and writes through the memory window, to save and restore what was learnt."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from spec.design import DesignPoint
from spec.learning import accumulator_word_bits, accumulator_words, head_bits, reservoir_step_bits, reservoir_step_words

GROUP_BITS = 32
"""Bits of a word that one access to the window moves."""


class HostMemory(IntEnum):
    """Values are those of the memory window's selection; rules M8 and M9 say what words hold."""

    ACCUMULATORS = 0
    RESERVOIR_STEPS = 1
    RESERVOIR_HEADS = 2


@dataclass(frozen=True)
class MemorySize:
    """Bits of a word, and words."""

    width: int
    depth: int

    @property
    def groups(self) -> int:
        """Accesses to the window that move a word."""
        return -(-self.width // GROUP_BITS)


def host_memories(design: DesignPoint) -> dict[HostMemory, MemorySize]:
    """Those that the design point builds."""
    sizes = {}
    if design.accumulates:
        sizes[HostMemory.ACCUMULATORS] = MemorySize(accumulator_word_bits(design), accumulator_words(design))
    if design.replays:
        steps, heads = reservoir_step_bits(design), head_bits(design)
        sizes[HostMemory.RESERVOIR_STEPS] = MemorySize(steps, reservoir_step_words(design))
        sizes[HostMemory.RESERVOIR_HEADS] = MemorySize(heads, design.learning.replay_capacity)
    return sizes
