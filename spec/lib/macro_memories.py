"""How a memory of any width and depth is made: of macros of the shapes that compilers make, or of flip-flops.

A macro has a width of 8 … 128 bits in steps of 8, parity included, and a depth that is a multiple of 16, of at most
8,192 words. A wider word lies in several columns of macros side by side, a deeper memory in several banks of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from remora.spec.lib.fixed import unsigned_width

WIDTH_STEP, MOST_WIDTH = 8, 128
"""Bits of a word of a macro: a multiple of the first, at most the second."""
DEPTH_STEP, MOST_DEPTH = 16, 8192
"""Words of a macro: a multiple of the first, at most the second."""
SMALL_BITS = 512
"""Most bits of a memory that is made of flip-flops, where the design point does not say otherwise: about where a macro
begins to be smaller (`remora.flow.generate.macros.assumptions` has its area)."""

MOST_SMALL_BITS = 65536
"""Largest value of that."""


@dataclass(frozen=True)
class MacroBank:
    """One macro of a memory.

    Attributes:
        path: name of its instance in the memory.
        first_bit, bits: part of a word that it holds, in its low bits.
        first_word, words: the words that it holds, from its word 0 on.
        parity: its bit ``bits`` is the parity of those below, so that a word has an even number of ones.
    """

    path: str
    first_bit: int
    bits: int
    first_word: int
    words: int
    parity: bool

    @property
    def width(self) -> int:
        """Bits of a word of the macro; those that hold nothing are written 0 and not read."""
        return _rounded(self.bits + self.parity, WIDTH_STEP)

    @property
    def depth(self) -> int:
        """Words of the macro; those beyond ``words`` are never addressed."""
        return _rounded(self.words, DEPTH_STEP)

    @property
    def address_bits(self) -> int:
        """Width of its addresses."""
        return unsigned_width(self.depth - 1)


@dataclass(frozen=True)
class MemoryShape:
    """What a memory is made of.

    Attributes:
        width, depth: bits of a word, and words.
        small_bits: most bits that flip-flops hold.
        parity: every macro holds a parity bit a word.
    """

    width: int
    depth: int
    small_bits: int = 0
    parity: bool = False

    def __post_init__(self) -> None:
        if self.width < 1 or self.depth < 1:
            raise ValueError(f"a memory of {self.depth} words of {self.width} bits: both must be 1 or more")

    @property
    def module_name(self) -> str:
        """Of the memory's module, within its family."""
        return f"memory_{self.depth}x{self.width}{'_parity' if self.parity else ''}"

    @property
    def in_flip_flops(self) -> bool:
        """The memory is no macro. Flip-flops have no parity."""
        return self.width * self.depth <= self.small_bits

    @property
    def columns(self) -> list[tuple[int, int]]:
        """First bit and bits of each column of macros: all are as wide as can be but the last."""
        most = MOST_WIDTH - self.parity
        return [(first, min(most, self.width - first)) for first in range(0, self.width, most)]

    @property
    def rows(self) -> list[tuple[int, int]]:
        """First word and words of each bank of macros: all are as deep as can be but the last, so that the upper bits
        of an address name the bank."""
        return [(first, min(MOST_DEPTH, self.depth - first)) for first in range(0, self.depth, MOST_DEPTH)]

    @property
    def banks(self) -> list[MacroBank]:
        """Every macro, those of the lowest words first; none where flip-flops hold the memory."""
        if self.in_flip_flops:
            return []
        alone = len(self.rows) * len(self.columns) == 1
        return [
            MacroBank(
                "macro" if alone else f"macro_{row}_{column}", first_bit, bits, first_word, words, self.parity
            )  # fmt: skip
            for row, (first_word, words) in enumerate(self.rows)
            for column, (first_bit, bits) in enumerate(self.columns)
        ]


def _rounded(number: int, step: int) -> int:
    return -(-number // step) * step
