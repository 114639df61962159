"""The memories that the host reads and writes through the memory window, to save and restore what was learnt."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from remora.spec.crossbar.learning import (
    accumulator_word_bits,
    accumulator_words,
    head_bits,
    head_label_bits,
    reservoir_step_bits,
    reservoir_step_words,
)

if TYPE_CHECKING:
    from remora.spec.crossbar.design import DesignPoint

GROUP_BITS = 32
"""Bits of a word that one access to the window moves."""


class HostMemory(IntEnum):
    """Values are those of the memory window's selection; rules M8 to M10 say what words hold."""

    ACCUMULATORS = 0
    RESERVOIR_STEPS = 1
    RESERVOIR_HEADS = 2


@dataclass(frozen=True)
class WordPart:
    """Bits ``lsb + width − 1 … lsb`` of a word, an unsigned number, and its smallest and largest legal value."""

    lsb: int
    width: int
    minimum: int
    maximum: int

    def of(self, word: int) -> int:
        """The number in a word."""
        return word >> self.lsb & (1 << self.width) - 1

    def holds(self, word: int) -> bool:
        """The number in a word is legal."""
        return self.minimum <= self.of(word) <= self.maximum

    def nearest(self, word: int) -> int:
        """The legal number that is nearest to that in a word."""
        return min(max(self.of(word), self.minimum), self.maximum)


@dataclass(frozen=True)
class MemorySize:
    """Bits of a word, and words; ``limits``: the parts of a word that may not hold every number, rule M10."""

    width: int
    depth: int
    limits: tuple[WordPart, ...] = ()

    @property
    def groups(self) -> int:
        """Accesses to the window that move a word."""
        return -(-self.width // GROUP_BITS)


def head_parts(design: DesignPoint) -> tuple[WordPart, WordPart]:
    """Label and number of steps in a stored head, rule M8; what a head is replayed with is the nearest, rule M10."""
    label_bits, network = head_label_bits(design), design.network
    steps_bits = head_bits(design) - label_bits
    return WordPart(0, label_bits, 0, network.classes - 1), WordPart(label_bits, steps_bits, 1, network.max_steps)


def host_memories(design: DesignPoint) -> dict[HostMemory, MemorySize]:
    """Those that the design point builds."""
    sizes = {}
    if design.capabilities.accumulates:
        sizes[HostMemory.ACCUMULATORS] = MemorySize(accumulator_word_bits(design), accumulator_words(design))
    if design.capabilities.replays:
        steps, heads = reservoir_step_bits(design), head_bits(design)
        sizes[HostMemory.RESERVOIR_STEPS] = MemorySize(steps, reservoir_step_words(design))
        sizes[HostMemory.RESERVOIR_HEADS] = MemorySize(heads, design.learning.replay_capacity, head_parts(design))
    return sizes
