"""The memories that the host reads and writes through the memory window, to save and restore what was learnt.

The host addresses them by what they hold: a column of accumulators, a step, a head. Banks of macros, lanes and columns
that learn at once do not show.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from remora.spec.crossbar.column_groups import accumulator_rows, rounded_rows
from remora.spec.crossbar.learning import (
    fault_word_bits,
    fault_words,
    head_bits,
    head_label_bits,
    reservoir_step_bits,
    reservoir_step_words,
)
from remora.spec.lib.macro_memories import MemoryShape

if TYPE_CHECKING:
    from remora.spec.crossbar.design import DesignPoint

GROUP_BITS = 32
"""Bits that one access to the window moves."""
SLICE_GROUPS = 4
"""Groups of a slice, which one command to the window moves: 128 bits."""
SLICE_BITS = GROUP_BITS * SLICE_GROUPS


class HostMemory(IntEnum):
    """Values are those of the memory window's selection; rules M8 to M10 and M16 say what words hold."""

    ACCUMULATORS = 0
    RESERVOIR_STEPS = 1
    RESERVOIR_HEADS = 2
    FAULT_MAP = 3


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
class StoredRows:
    """How a memory holds numbers of the rows of a column, rule M9: a fold has ``lanes`` rows, and each of its words
    ``word_rows`` of them, the first in the low bits.

    Attributes:
        bits: of a number, two's complement.
        lanes: rows of a fold.
        word_rows: rows of a stored word.
        words: stored words of a column.
    """

    bits: int
    lanes: int
    word_rows: int
    words: int


@dataclass(frozen=True)
class MemorySize:
    """A memory as the host sees it.

    Attributes:
        width, depth: bits of a word, and words. A word moves in slices of `SLICE_BITS`.
        limits: the parts of a word that may not hold every number, rule M10; all lie in the first slice.
        rows: where the word of the host is a column, a row in each group with its sign extended; None where words are
            stored as the host sees them.
    """

    width: int
    depth: int
    limits: tuple[WordPart, ...] = ()
    rows: StoredRows | None = None

    @property
    def groups(self) -> int:
        """Accesses to the window that move a word."""
        return -(-self.width // GROUP_BITS)

    @property
    def slices(self) -> int:
        """Commands to the window that move a word."""
        return -(-self.width // SLICE_BITS)

    @property
    def stored_width(self) -> int:
        """Bits of a word of the memory."""
        return self.rows.word_rows * self.rows.bits if self.rows else self.width

    @property
    def stored_depth(self) -> int:
        """Words of the memory."""
        return self.depth * self.rows.words if self.rows else self.depth


def head_parts(design: DesignPoint) -> tuple[WordPart, WordPart]:
    """Label and number of steps in a stored head, rule M8; what a head is replayed with is the nearest, rule M10."""
    label_bits, network = head_label_bits(design), design.network
    steps_bits = head_bits(design) - label_bits
    return WordPart(0, label_bits, 0, network.classes - 1), WordPart(label_bits, steps_bits, 1, network.max_steps)


def host_memories(design: DesignPoint) -> dict[HostMemory, MemorySize]:
    """Those that the design point builds."""
    sizes = {}
    if design.learning.accumulates:
        rows = StoredRows(
            design.learning.accumulator_bits, design.learning_lanes, rounded_rows(design), len(accumulator_rows(design))
        )
        columns = design.network.hidden + design.network.classes
        sizes[HostMemory.ACCUMULATORS] = MemorySize(GROUP_BITS * design.hidden_rows, columns, rows=rows)
    if design.learning.replays:
        steps, heads = reservoir_step_bits(design), head_bits(design)
        sizes[HostMemory.RESERVOIR_STEPS] = MemorySize(steps, reservoir_step_words(design))
        sizes[HostMemory.RESERVOIR_HEADS] = MemorySize(heads, design.learning.replay_capacity, head_parts(design))
    if design.learning.compensates:
        sizes[HostMemory.FAULT_MAP] = MemorySize(fault_word_bits(design), fault_words(design))
    return sizes


def parity_bits(memories: Iterable[HostMemory]) -> int:
    """Width of what tells apart the memories that were read with a wrong parity, by their numbers."""
    return 1 + max((HostMemory.RESERVOIR_HEADS, *memories))


def has_macros(design: DesignPoint) -> bool:
    """At least one of these memories is made of macros."""
    small = design.system.small_memory_bits
    return any(
        not MemoryShape(size.stored_width, size.stored_depth, small).in_flip_flops
        for size in host_memories(design).values()
    )
