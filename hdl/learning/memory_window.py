"""Memory window: the host's way into the memories of learning, a slice of a word at a time, 32 bits an access."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.learning.row_positions import RowPositions
from remora.hdl.lib.fixed import is_within
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.memory import HostPort
from remora.spec.crossbar.memories import (
    GROUP_BITS,
    SLICE_BITS,
    SLICE_GROUPS,
    HostMemory,
    MemorySize,
    StoredRows,
    parity_bits,
)
from remora.spec.lib.fixed import unsigned_width


class MemoryHost(wiring.Signature):
    """The way to the memories of learning, seen from the registers.

    Ports:
        select: a memory, as of `remora.spec.crossbar.memories.HostMemory`.
        slice: a slice of the word.
        address: a word of the memory.
        selection_valid: there is such a memory, word and slice.
        pointer: a group of the slice, modulo the groups of one.
        data_write: stores bytes of ``data_value`` in the group.
        data_value: 32 bits.
        data_strobes: the bytes that are stored.
        data_read_value: the group as it is.
        load: reads the slice selected, which must be valid, into the window.
        store: writes the window into the slice; of ``load`` and ``store`` at once, ``store`` counts.
        busy: a command is under way, or learning clears a memory; nothing else may be asked for.
        word_valid: the memory selected, if it exists, may hold what is in the window (rule M10); where some word is
            illegal.
        parity_errors: of memories with parity, those in the order of their numbers: a word was read whose parity is
            wrong, by whomever.

    Args:
        memories: those that there are.
        parity: they have parity.
    """

    def __init__(self, memories: Mapping[HostMemory, MemorySize], parity: bool = False) -> None:
        checked = any(size.limits for size in memories.values())
        super().__init__(
            {
                "select": Out(2),
                "slice": Out(16),
                "address": Out(32),
                "selection_valid": In(1),
                "pointer": Out(16),
                "data_write": Out(1),
                "data_value": Out(GROUP_BITS),
                "data_strobes": Out(GROUP_BITS // 8),
                "data_read_value": In(GROUP_BITS),
                "load": Out(1),
                "store": Out(1),
                "busy": In(1),
                **({"word_valid": In(1)} if checked else {}),
                **({"parity_errors": In(parity_bits(memories))} if parity else {}),
            }
        )


class MemoryWindow(wiring.Component):
    """Holds a slice, as wide as the widest memory's; the host fills and reads it a group of 32 bits at a time.

    Bits and groups beyond the widest slice are not stored and read 0; those beyond a narrower word are kept but
    not stored in it, and a load clears them. A store reads the word and writes it back with the slice in it, but where
    the slice is the whole word. A slice of rows moves a row at a time.

    ``host.busy`` is high from the cycle after a command until it has ended. A memory must not be in use otherwise
    then. Where the memory may not hold what is in the window, ``store`` changes nothing.

    Ports:
        host: what the registers set and read.
        <memory>: the port of each memory, its name in lower case.

    Args:
        memories: those that there are, at least one.
        parity: they have parity.
    """

    def __init__(self, memories: Mapping[HostMemory, MemorySize], parity: bool = False) -> None:
        if not memories:
            raise ValueError("a window needs at least one memory")
        self.memories, self.parity = dict(memories), parity
        self.width = max(min(size.width, SLICE_BITS) for size in self.memories.values())
        ports = {
            memory.name.lower(): Out(HostPort(size.stored_width, size.stored_depth, parity))
            for memory, size in self.memories.items()
        }
        super().__init__({"host": In(MemoryHost(memories, parity)), **ports})

    def elaborate(self, platform) -> Module:
        m = Module()
        host, window, steps = self.host, Signal(self.width), _Steps()
        self._host_access(m, window)
        refused = []
        for memory, size in self.memories.items():
            name = memory.name.lower()
            port, selected = getattr(self, name), Signal(name=f"{name}_selected")
            legal = may_hold(size, window) if size.limits else Const(1)
            refused.append(selected & ~legal)
            m.d.comb += [
                selected.eq((host.select == memory) & (host.address < size.depth) & (host.slice < size.slices)),
                port.read.eq(selected & steps.reads),
                port.write.eq(selected & steps.takes & steps.storing),
            ]
            if self.parity:
                m.d.comb += host.parity_errors[memory].eq(port.parity_error)
            with m.If(selected):
                m.d.comb += host.selection_valid.eq(1)
            if size.rows:
                self._connect_rows(m, size, size.rows, port, selected, window, steps)
            else:
                self._connect_words(m, size, port, selected, window, steps)
        if "word_valid" in host.signature.members:
            m.d.comb += host.word_valid.eq(~Cat(refused).any())
        m.d.comb += steps.begins.eq(
            (host.load | host.store) & host.selection_valid & ~(host.store & Cat(refused).any())
        )
        with m.FSM() as machine:
            m.d.comb += host.busy.eq(~machine.ongoing("IDLE"))
            with m.State("IDLE"):
                m.d.sync += [steps.row.eq(0), steps.storing.eq(host.store)]
                with m.If(steps.begins):
                    with m.If(~host.store):
                        m.d.sync += window.eq(0)
                    m.next = "FIND"
            with m.State("FIND"):
                m.d.comb += steps.searches.eq(1)
                with m.If(steps.found):
                    m.next = "READ"
            with m.State("READ"):
                m.d.comb += steps.reads.eq(~(steps.storing & steps.whole))
                m.next = "TAKE"
            with m.State("TAKE"):
                m.d.comb += steps.takes.eq(1)
                m.d.sync += steps.row.eq(steps.row + 1)
                m.next = "FIND"
                with m.If(steps.last):
                    m.next = "IDLE"
        return m

    def _connect_words(
        self, m: Module, size: MemorySize, port: Any, selected: Signal, window: Signal, steps: _Steps
    ) -> None:
        """A memory whose words are the host's: a slice at once."""
        whole, index = size.slices == 1, self.host.slice
        slices = [port.read_data[first : first + SLICE_BITS] for first in range(0, size.width, SLICE_BITS)]
        m.d.comb += port.address.eq(self.host.address)
        with m.If(selected):
            m.d.comb += [steps.found.eq(1), steps.last.eq(1), steps.whole.eq(whole)]
        with m.If(selected & steps.takes & ~steps.storing):
            m.d.sync += window.eq(slices[0] if whole else Array(slices)[index])
        for number, held in enumerate(slices):
            written = port.write_data[number * SLICE_BITS :][: len(held)]
            m.d.comb += written.eq(window if whole else Mux(index == number, window, held))

    def _connect_rows(
        self, m: Module, size: MemorySize, rows: StoredRows, port: Any, selected: Signal, window: Signal, steps: _Steps
    ) -> None:
        """A memory whose words hold numbers of the rows of a column, which is a word of the host: one at a time."""
        positions = add_submodule(m, "positions", RowPositions(size))
        m.d.comb += [
            positions.take.eq(steps.begins),
            positions.column.eq(self.host.address),
            positions.search.eq(steps.searches & selected),
            positions.row.eq(Cat(steps.row, self.host.slice)),
            port.address.eq(positions.address),
        ]
        with m.If(selected):
            m.d.comb += [
                steps.found.eq(positions.found),
                steps.last.eq(positions.last | (steps.row == SLICE_GROUPS - 1)),
            ]
        groups = [window[start : start + GROUP_BITS] for start in range(0, self.width, GROUP_BITS)]
        number = Signal(signed(rows.bits), name="row_number")
        m.d.comb += number.eq(port.read_data.word_select(positions.position, rows.bits))
        with m.If(selected & steps.takes & ~steps.storing):
            for index, group in enumerate(groups):
                with m.If(steps.row == index):
                    m.d.sync += group.eq(number)
        for position in range(rows.word_rows):
            held = port.read_data.word_select(position, rows.bits)
            written = port.write_data.word_select(position, rows.bits)
            m.d.comb += written.eq(Mux(positions.position == position, Array(groups)[steps.row], held))

    def _host_access(self, m: Module, window: Signal) -> None:
        """A group at a time; the last one may be cut short by the window's end."""
        host = self.host
        for index, start in enumerate(range(0, self.width, GROUP_BITS)):
            group = window[start : start + GROUP_BITS]
            with m.If(host.pointer[: unsigned_width(SLICE_GROUPS - 1)] == index):
                m.d.comb += host.data_read_value.eq(group)
                for bit in range(0, len(group), 8):
                    with m.If(host.data_write & host.data_strobes[bit // 8]):
                        m.d.sync += group[bit : bit + 8].eq(host.data_value[bit : bit + 8])


class _Steps:
    """What the window's controller and the memory at hand tell each other.

    Attributes:
        begins: a command is taken.
        storing: the command is a store.
        row: of the slice, of a memory of rows.
        searches: the row is looked for. ``found``: it is found.
        reads: the word is read. ``takes``: in the cycle after.
        last: the slice has no further row. ``whole``: it is its whole word, so a store needs no read.
    """

    def __init__(self) -> None:
        self.begins, self.storing, self.searches, self.found = (
            Signal(name=name) for name in ("begins", "storing", "searches", "found")
        )
        self.reads, self.takes, self.last, self.whole = (
            Signal(name=name) for name in ("reads", "takes", "last", "whole")
        )
        self.row = Signal(range(SLICE_GROUPS))


def may_hold(size: MemorySize, word: Value) -> Value:
    """Every part of a word is a number that the memory may hold."""
    parts = ((part, word[part.lsb : part.lsb + part.width]) for part in size.limits)
    return Cat(is_within(number, part.minimum, part.maximum) for part, number in parts).all()
