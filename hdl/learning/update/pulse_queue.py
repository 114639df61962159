"""Pulse queue: gathers the pulses of a column, a few rows a cycle, until the column is written whole."""

from __future__ import annotations

from amaranth.hdl import Array, Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.learning.update.column_group import GroupPosition
from remora.spec.crossbar.column_groups import accumulator_rows, rounded_rows
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.update_cycles import queue_slots
from remora.spec.lib.fixed import unsigned_width


class PulseQueue(wiring.Component):
    """Columns leave it in the order in which they came: that of the update. Where pulses are verified, a column without
    any leaves it at once, so that the walk goes on while another column is read.

    Ports:
        slot: where the rows of a column go, at ``begins`` and at ``push``.
        room: the slot is free.
        begins: while ``room``, a column begins in the slot.
        layer: of that column.
        position_tile: its column of tiles.
        position_of_tile: its position in that.
        last_of_group: it is its group's last.
        push: takes ``counts`` and ``raised``, in the order of the words of accumulators.
        push_slot: into this slot.
        whole: with ``push``, these rows are the column's last.
        counts: pulses of each row.
        raised: of each row, 1: raise the weight, 0: lower it.
        empty: no column is gathered or waits.
        valid: a column is whole, and where pulses are verified, it has some.
        take: while ``valid``, takes it.
        column_counts: pulses of every row of that column, in the order of the rows.
        column_raised: of every row.
        column_layer: its layer.
        column_tile: its column of tiles.
        column_of_tile: its position in that.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design, self.slots = design, queue_slots(design)
        bits, rows = unsigned_width(design.learning.max_pulses), rounded_rows(design)
        tile, of_tile = (GroupPosition(design).members[name] for name in ("column_tile", "column_of_tile"))
        super().__init__(
            {
                "slot": In(unsigned_width(self.slots - 1)),
                "room": Out(1),
                "begins": In(1),
                "layer": In(1),
                "position_tile": In(tile.shape),
                "position_of_tile": In(of_tile.shape),
                "last_of_group": In(1),
                "push": In(1),
                "push_slot": In(unsigned_width(self.slots - 1)),
                "whole": In(1),
                "counts": In(bits * rows),
                "raised": In(rows),
                "empty": Out(1),
                "valid": Out(1),
                "take": In(1),
                "column_counts": Out(bits * design.hidden_rows),
                "column_raised": Out(design.hidden_rows),
                "column_layer": Out(1),
                "column_tile": Out(tile.shape),
                "column_of_tile": Out(of_tile.shape),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        held = accumulator_rows(self.design).reshape(-1).tolist()
        bits = unsigned_width(self.design.learning.max_pulses)
        begun, full, next_slot = Signal(self.slots), Signal(self.slots), Signal(unsigned_width(self.slots - 1))
        kept: dict[str, list[Signal]] = {name: [] for name in ("counts", "raised", "layer", "tile", "of_tile", "last")}
        whole, leaves = full.bit_select(next_slot, 1), self.take & self.valid
        if self.design.capabilities.verifies_learning:
            pulsed = self._pulsed(m)
            here = pulsed.bit_select(next_slot, 1)
            whole, leaves = whole & here, leaves | (whole & ~here)
        for index in range(self.slots):
            sizes = {"counts": bits * len(held), "raised": len(held), "layer": 1, "last": 1}
            slot = {name: Signal(size, name=f"{name}_{index}", reset_less=True) for name, size in sizes.items()}
            slot["tile"] = Signal.like(self.column_tile, name=f"tile_{index}", reset_less=True)
            slot["of_tile"] = Signal.like(self.column_of_tile, name=f"of_tile_{index}", reset_less=True)
            for name, signal in slot.items():
                kept[name].append(signal)
            with m.If(leaves & (next_slot == index)):
                m.d.sync += [begun[index].eq(0), full[index].eq(0)]
            with m.If(self.begins & (self.slot == index)):
                m.d.sync += [
                    begun[index].eq(1),
                    slot["layer"].eq(self.layer),
                    slot["last"].eq(self.last_of_group),
                    slot["tile"].eq(self.position_tile),
                    slot["of_tile"].eq(self.position_of_tile),
                ]
            with m.If(self.push & (self.push_slot == index)):
                # They enter at the top, so that the first end at the bottom.
                m.d.sync += [
                    slot["counts"].eq(Cat(slot["counts"], self.counts)[len(self.counts) :]),
                    slot["raised"].eq(Cat(slot["raised"], self.raised)[len(self.raised) :]),
                ]
                with m.If(self.whole):
                    m.d.sync += full[index].eq(1)
        with m.If(leaves):
            m.d.sync += next_slot.eq(next_slot + 1)
            wraps = (next_slot == self.slots - 1) | (
                Array(kept["last"])[next_slot] if self.design.learning_folds > 1 else 0
            )
            with m.If(wraps):
                m.d.sync += next_slot.eq(0)
        chosen = {name: Array(signals)[next_slot] for name, signals in kept.items()}
        # The rows that there are, in their order.
        order = sorted((row, position) for position, row in enumerate(held) if row >= 0)
        counts, raised = Signal(bits * len(held)), Signal(len(held))
        m.d.comb += [
            counts.eq(chosen["counts"]),
            raised.eq(chosen["raised"]),
            self.room.eq(~begun.bit_select(self.slot, 1)),
            self.empty.eq(~begun.any()),
            self.valid.eq(whole),
            self.column_counts.eq(Cat(counts.word_select(position, bits) for _, position in order)),
            self.column_raised.eq(Cat(raised[position] for _, position in order)),
            self.column_layer.eq(chosen["layer"]),
            self.column_tile.eq(chosen["tile"]),
            self.column_of_tile.eq(chosen["of_tile"]),
        ]
        return m

    def _pulsed(self, m: Module) -> Signal:
        """Whether the column in each slot has pulses. The rows of the one before are through when a column begins."""
        pulsed = Signal(self.slots)
        for index in range(self.slots):
            with m.If(self.begins & (self.slot == index)):
                m.d.sync += pulsed[index].eq(0)
            with m.If(self.push & (self.push_slot == index) & self.counts.any()):
                m.d.sync += pulsed[index].eq(1)
        return pulsed
