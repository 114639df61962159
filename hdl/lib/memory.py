"""A memory of any shape: macros ``remora_memory`` of the shapes that compilers make, or flip-flops."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Array, Cat, ClockSignal, Const, Module, ResetSignal, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.hierarchy import add_memory_macro
from remora.spec.lib.fixed import unsigned_width
from remora.spec.lib.macro_memories import MOST_DEPTH, MacroBank, MemoryShape


class HostPort(wiring.Signature):
    """A memory as the host sees it, while nothing else uses it.

    Ports:
        address: the word that is read or written.
        read: in cycle t gives ``read_data`` from t + 1.
        write: stores ``write_data`` at the end of the cycle.
        write_data: the word that is stored.
        read_data: the word read last.
        parity_error: of a memory with parity, high for one cycle, two after a read of a word whose parity is wrong,
            whoever read it.
    """

    def __init__(self, width: int, words: int, parity: bool = False) -> None:
        super().__init__(
            {
                "address": Out(unsigned_width(words - 1)),
                "read": Out(1),
                "write": Out(1),
                "write_data": Out(width),
                "read_data": In(width),
                **({"parity_error": In(1)} if parity else {}),
            }
        )


class Memory(wiring.Component):
    """One write port, one read port, registered read; no initial content, no reset.

    In reset it neither stores nor reads. Reading a word while it is written is a contract violation, which ends a
    simulation where macros hold the words. `remora.spec.lib.macro_memories` says what it is made of.

    A memory of several banks stays within the timing of one: the upper bits of an address choose whose strobe is high,
    and the bank read last, a register, chooses the word behind the access of the macros.

    Ports:
        write: stores ``write_data`` at the end of the cycle.
        write_address: the word that is stored.
        write_data: what is stored.
        read: in cycle t gives ``read_data`` from cycle t + 1 until the next read.
        read_address: the word that is read.
        read_data: the word read last.
        parity_error: with parity, high for one cycle, two after a read of a word that has a wrong parity in a macro.

    Args:
        width: bits of a word, 1 or more.
        depth: words, 1 or more, not only powers of two.
        small_bits: most bits that flip-flops hold; 0 for a macro whatever the size.
        parity: every word of a macro has a parity bit. Flip-flops have none.
    """

    def __init__(self, *, width: int, depth: int, small_bits: int = 0, parity: bool = False) -> None:
        self.shape = MemoryShape(width, depth, small_bits, parity)
        self.width, self.depth = width, depth
        self.module_name = self.shape.module_name
        self.address_bits = unsigned_width(depth - 1)
        super().__init__(
            {
                "write": In(1),
                "write_address": In(self.address_bits),
                "write_data": In(width),
                "read": In(1),
                "read_address": In(self.address_bits),
                "read_data": Out(width),
                **({"parity_error": Out(1)} if parity else {}),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        # Before the first edge of a reset the registers behind the strobes hold anything.
        write, read = Signal(name="writes"), Signal(name="reads")
        m.d.comb += [write.eq(self.write & ~ResetSignal()), read.eq(self.read & ~ResetSignal())]
        if self.shape.in_flip_flops:
            self._hold_words(m, write, read)
        else:
            self._place_macros(m, write, read)
        return m

    def _hold_words(self, m: Module, write: Value, read: Value) -> None:
        words = [Signal(self.width, name=f"word_{index}", reset_less=True) for index in range(self.depth)]
        shown = Signal(self.width, reset_less=True)
        m.d.comb += self.read_data.eq(shown)
        with m.If(read):
            m.d.sync += shown.eq(Array(words)[self.read_address])
        for index, word in enumerate(words):
            with m.If(write & (self.write_address == index)):
                m.d.sync += word.eq(self.write_data)

    def _place_macros(self, m: Module, write: Value, read: Value) -> None:
        banks = self.shape.banks
        shown = {bank: self._place(m, bank, write, read) for bank in banks}
        rows = [[bank for bank in banks if bank.first_word == first] for first, _ in self.shape.rows]
        # Of each row of macros the word, and with parity above it whether one is wrong.
        words = [
            Cat(
                *(shown[bank][: bank.bits] for bank in row),
                *([Cat(shown[bank].xor() for bank in row).any()] if self.shape.parity else []),
            )
            for row in rows
        ]
        word = Signal(self.width + self.shape.parity)
        m.d.comb += [word.eq(self._of_bank_read(m, words, read)), self.read_data.eq(word)]
        if self.shape.parity:
            checked = Signal()
            m.d.sync += [checked.eq(read), self.parity_error.eq(checked & word[-1])]

    def _place(self, m: Module, bank: MacroBank, write: Value, read: Value) -> Value:
        """Add a macro; returns what of the word that it read last holds something, the parity included."""
        low, row = unsigned_width(MOST_DEPTH - 1), bank.first_word // MOST_DEPTH
        if len(self.shape.rows) > 1:
            write = write & (self.write_address[low:] == row)
            read = read & (self.read_address[low:] == row)
        shown = Signal(bank.width, name=f"{bank.path}_data")
        data = self.write_data[bank.first_bit : bank.first_bit + bank.bits]
        pins = {
            "write": write,
            "write_address": _wide(self.write_address, bank.address_bits),
            "write_data": _wide(Cat(data, data.xor()) if bank.parity else data, bank.width),
            "read": read,
            "read_address": _wide(self.read_address, bank.address_bits),
        }
        add_memory_macro(
            m,
            bank.path,
            shown,
            pins,
            p_WIDTH=bank.width,
            p_DEPTH=bank.depth,
            p_ADDRESS_BITS=bank.address_bits,
            p_WORDS=bank.words,
            i_clk=ClockSignal(),
        )
        return shown[: bank.bits + bank.parity]

    def _of_bank_read(self, m: Module, words: Sequence[Value], read: Value) -> Value:
        if len(words) == 1:
            return words[0]
        row = Signal(unsigned_width(len(words) - 1), name="row_read", reset_less=True)
        with m.If(read):
            m.d.sync += row.eq(self.read_address[unsigned_width(MOST_DEPTH - 1) :])
        return Array(words)[row]


def _wide(value: Value, width: int) -> Value:
    """So many low bits of a number, zeros above where it has fewer."""
    return Cat(value, Const(0, max(0, width - len(value))))[:width]
