"""The port of a top that writes and reads its memory macros, one at a time, for a test of the memories."""

from __future__ import annotations

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.spec.lib.macro_memories import MOST_DEPTH, MOST_WIDTH

NUMBER_BITS = 16
"""Of the number of a macro."""
ADDRESS_BITS = (MOST_DEPTH - 1).bit_length()


class MemoryTestPort(wiring.Signature):
    """Access to the macros of all memories, seen from who tests them.

    While ``enable`` is high no macro takes what the core asks, and what memories hold is lost to it. Hold the core in
    reset meanwhile. The widths are those of the largest macro there is: a smaller one takes the low bits.

    Ports:
        enable: this port has the macros; constant in operation, low.
        select: number of the macro that is written and read; what has no number takes nothing and reads as 0.
        write: stores ``write_data`` at the end of the cycle. No word is written and read in one cycle.
        read: in cycle t gives ``read_data`` from t + 1 until the macro reads again.
        address: the word that is written or read.
        write_data: the word that is stored; parity is a bit like others.
        read_data: the word that the chosen macro read last, zeros above it; 0 while ``enable`` is low.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "enable": Out(1),
                "select": Out(NUMBER_BITS),
                "write": Out(1),
                "read": Out(1),
                "address": Out(ADDRESS_BITS),
                "write_data": Out(MOST_WIDTH),
                "read_data": In(MOST_WIDTH),
            }
        )
