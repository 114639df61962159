"""Row positions: finds where a row's number lies in the memory of a column's words, by walking there row by row."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.spec.crossbar.memories import GROUP_BITS, MemorySize
from remora.spec.lib.fixed import unsigned_width


class RowPositions(wiring.Component):
    """Where rule M9 puts a row. Lanes and rows of a word may be any number, so counters find it and nothing divides.

    A row behind the last one found is a cycle a row away, another one as many as it has rows before it.

    Ports:
        take: takes ``column``.
        column: counts the readout's after the hidden ones.
        search: goes a row on towards ``row``, unless it is found; not with ``take``.
        row: of the column.
        found: ``address`` and ``position`` are those of ``row``.
        last: ``row`` is the column's last.
        address: the word.
        position: the row's number is the one after so many others in the word.

    Args:
        size: of a memory of rows.
    """

    def __init__(self, size: MemorySize) -> None:
        assert size.rows is not None
        self.rows, self.count = size.rows, size.width // GROUP_BITS
        super().__init__(
            {
                "take": In(1),
                "column": In(unsigned_width(size.depth - 1)),
                "search": In(1),
                "row": In(unsigned_width(self.count - 1)),
                "found": Out(1),
                "last": Out(1),
                "address": Out(unsigned_width(size.stored_depth - 1)),
                "position": Out(unsigned_width(self.rows.word_rows - 1)),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        rows, first = self.rows, Signal.like(self.address)
        at, lane, word = Signal.like(self.row), Signal(range(max(2, rows.lanes))), Signal(range(max(2, rows.words)))
        m.d.comb += [
            self.found.eq(at == self.row),
            self.last.eq(self.row == self.count - 1),
            self.address.eq(first + word),
        ]
        with m.If(self.take):
            m.d.sync += first.eq(self.column * rows.words)
        with m.If(self.search & (at > self.row)):
            m.d.sync += [at.eq(0), lane.eq(0), word.eq(0), self.position.eq(0)]
        with m.Elif(self.search & ~self.found):
            m.d.sync += [at.eq(at + 1), lane.eq(lane + 1), self.position.eq(self.position + 1)]
            with m.If((lane == rows.lanes - 1) | (self.position == rows.word_rows - 1)):
                m.d.sync += [self.position.eq(0), word.eq(word + 1)]
            with m.If(lane == rows.lanes - 1):
                m.d.sync += lane.eq(0)
        return m
