"""The scan chain of the BMRU core: which bit programs which circuit element, and the check word of a load.

Bit k of the chain is the k-th bit to be shifted in, and the k-th to come out of a read-back. Elements follow each other
in the order of `groups`, and within a group row by row; each is its code, low bit first, and, where it has a sign, a
rail bit after it: 1 takes the current away from the node instead of adding it.

Each learned parameter is one element. Where the input has two rails, the element's code sets two devices, one a rail.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from remora.spec.bmru.design import BmruDesign

WORD_BITS = 32
"""The check word covers whole words, the last one filled with zeros."""


class Kind(StrEnum):
    """What an element is in the circuit."""

    MIRROR = "mirror"
    """A current mirror whose width is the weight."""
    BIAS = "bias current"
    """A current source at a node: the bias of a layer."""
    CELL_BIAS = "cell bias current"
    """One of the three current sources of a cell."""


@dataclass(frozen=True)
class Group:
    """Elements of one array of parameters.

    Attributes:
        name: of the array: ``input.weight``, ``blocks.0.threshold``, …
        kind: what its elements are.
        rows, columns: outputs and inputs of a layer's weights; a bias has one column.
        code_bits: of a code.
        signed: whether a rail bit follows the code.
        first_element: number of its first element, which is also its index in draws.
        first_bit: place of its first bit in the chain.
        input_rails: of the current that its mirrors copy, 1 or 2; 0 where there is none.
    """

    name: str
    kind: Kind
    rows: int
    columns: int
    code_bits: int
    signed: bool
    first_element: int
    first_bit: int
    input_rails: int

    @property
    def elements(self) -> int:
        """How many."""
        return self.rows * self.columns

    @property
    def element_bits(self) -> int:
        """Bits of an element in the chain."""
        return self.code_bits + self.signed

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the array of parameters."""
        return (self.rows, self.columns) if self.kind is Kind.MIRROR else (self.rows,)

    @property
    def code_limit(self) -> int:
        """Largest code."""
        return (1 << self.code_bits) - 1


@dataclass(frozen=True)
class Element:
    """One circuit element: a learned parameter by its name, and its bits in the chain."""

    name: str
    kind: Kind
    number: int
    row: int
    column: int
    bit: int
    code_bits: int
    signed: bool


@cache
def groups(design: BmruDesign) -> tuple[Group, ...]:
    """All groups in the order of the chain, which is that of the signal."""
    n, formats = design.network, design.formats
    made: list[Group] = []

    def add(name: str, kind: Kind, rows: int, columns: int, code_bits: int, signed: bool, rails: int = 0) -> None:
        last = made[-1] if made else None
        element = last.first_element + last.elements if last else 0
        bit = last.first_bit + last.elements * last.element_bits if last else 0
        made.append(Group(name, kind, rows, columns, code_bits, signed, element, bit, rails))

    def add_layer(name: str, outputs: int, inputs: int, rails: int) -> None:
        add(f"{name}.weight", Kind.MIRROR, outputs, inputs, formats.ratio_bits, True, rails)
        add(f"{name}.bias", Kind.BIAS, outputs, 1, formats.bias_bits, True)

    add_layer("input", n.width, n.features, 2)
    for block in range(n.blocks):
        add_layer(f"blocks.{block}.first", n.width, n.width, 1)
        for bias in ("threshold", "hysteresis", "gain"):
            add(f"blocks.{block}.{bias}", Kind.CELL_BIAS, n.width, 1, formats.bias_bits, False)
        add_layer(f"blocks.{block}.second", n.width, n.width, 1)
    add_layer("output", n.classes, n.width, 2)
    return tuple(made)


def group(design: BmruDesign, name: str) -> Group:
    """A group by its name."""
    return next(one for one in groups(design) if one.name == name)


def chain_bits(design: BmruDesign) -> int:
    """Length of the chain."""
    last = groups(design)[-1]
    return last.first_bit + last.elements * last.element_bits


def elements(design: BmruDesign) -> Iterator[Element]:
    """The table of all elements, one a learned parameter, in the order of the chain."""
    for one in groups(design):
        for index in range(one.elements):
            row, column = divmod(index, one.columns)
            subscript = f"{row},{column}" if one.kind is Kind.MIRROR else f"{row}"
            yield Element(
                name=f"{one.name}[{subscript}]",
                kind=one.kind,
                number=one.first_element + index,
                row=row,
                column=column,
                bit=one.first_bit + index * one.element_bits,
                code_bits=one.code_bits,
                signed=one.signed,
            )


def pack_chain(bits: NDArray[np.bool_]) -> bytes:
    """Bits of a chain as bytes, the first in the low bit of the first byte, zeros up to a whole word."""
    padding = np.zeros(-len(bits) % WORD_BITS, np.bool_)
    return np.packbits(np.concatenate([bits, padding]), bitorder="little").tobytes()


def check_word(bits: NDArray[np.bool_]) -> int:
    """Check word of a chain: CRC-32 (IEEE 802.3, reflected) of `pack_chain`, so bit after bit as they are shifted.

    It finds every burst of up to 32 wrong bits, and any other error but one in 2³².
    """
    return zlib.crc32(pack_chain(bits))
