"""The one memory wrapper: an instance of the macro pair ``remora_memory``."""

from __future__ import annotations

from amaranth.hdl import ClockSignal, Module, ResetSignal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.hierarchy import add_macro
from remora.spec.lib.fixed import unsigned_width


class HostPort(wiring.Signature):
    """A memory as the host sees it, while nothing else uses it.

    Ports:
        address: the word that is read or written.
        read: in cycle t gives ``read_data`` from t + 1.
        write: stores ``write_data`` at the end of the cycle.
        write_data: the word that is stored.
        read_data: the word read last.
    """

    def __init__(self, width: int, words: int) -> None:
        super().__init__(
            {
                "address": Out(unsigned_width(words - 1)),
                "read": Out(1),
                "write": Out(1),
                "write_data": Out(width),
                "read_data": In(width),
            }
        )


class Memory(wiring.Component):
    """One write port, one read port, registered read; no initial content, no reset.

    In reset it neither stores nor reads. Reading a word while it is written is a contract violation, which ends a
    simulation.

    Ports:
        write: stores ``write_data`` at the end of the cycle.
        write_address: the word that is stored.
        write_data: what is stored.
        read: in cycle t gives ``read_data`` from cycle t + 1 until the next read.
        read_address: the word that is read.
        read_data: the word read last.

    Args:
        width: bits of a word, 1 or more.
        depth: words, 1 or more, not only powers of two.
    """

    def __init__(self, *, width: int, depth: int) -> None:
        if width < 1 or depth < 1:
            raise ValueError(f"a memory of {depth} words of {width} bits: both must be 1 or more")
        self.width, self.depth = width, depth
        self.module_name = f"memory_{depth}x{width}"
        self.address_bits = unsigned_width(depth - 1)
        super().__init__(
            {
                "write": In(1),
                "write_address": In(self.address_bits),
                "write_data": In(width),
                "read": In(1),
                "read_address": In(self.address_bits),
                "read_data": Out(width),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        add_macro(
            m,
            "macro",
            "remora_memory",
            p_WIDTH=self.width,
            p_DEPTH=self.depth,
            p_ADDRESS_BITS=self.address_bits,
            i_clk=ClockSignal(),
            # Before the first edge of a reset the registers behind the strobes hold anything.
            i_write=self.write & ~ResetSignal(),
            i_write_address=self.write_address,
            i_write_data=self.write_data,
            i_read=self.read & ~ResetSignal(),
            i_read_address=self.read_address,
            o_read_data=self.read_data,
        )
        return m
