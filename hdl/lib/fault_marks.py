"""How a block reads the fault map beside the engine."""

from __future__ import annotations

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.learning import fault_word_bits, fault_words
from remora.spec.lib.fixed import unsigned_width


class MarkedColumn(wiring.Signature):
    """A way to the words of the fault map, seen from the reader, for while the engine is idle.

    Ports:
        read: asks for ``marks``, until they are ``valid``.
        column: that is read, those of the readout counted after the hidden ones.
        valid: ``marks`` are those that the cycle before asked for.
        marks: of the column, as rule M16 lays them out.
    """

    def __init__(self, design: DesignPoint) -> None:
        super().__init__(
            {
                "read": Out(1),
                "column": Out(unsigned_width(fault_words(design) - 1)),
                "valid": In(1),
                "marks": In(fault_word_bits(design)),
            }
        )
