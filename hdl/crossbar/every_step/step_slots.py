"""Result slots for a readout at every step: the parts of an answer wait for the answers before it."""

from __future__ import annotations

from amaranth.hdl import Array, Cat, Module, Mux, Signal
from amaranth.lib import wiring

from remora.hdl.crossbar.result_slots import slot_of, slot_ports
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.memory import Memory
from remora.spec.crossbar.design import DesignPoint

HEAD = ("flags", "tag")
"""What all parts of an answer share."""


class StepSlots(wiring.Component):
    """``contexts`` slots with room for the parts of a longest sequence each, in one memory.

    Answers are numbered, and wait, as those of `remora.hdl.crossbar.result_slots.ResultSlots`. The parts of the oldest
    leave as they come, while its sequence still runs. Its slot is free once the last one has been fetched.

    With one context the answer takes the parts itself, and there is no memory.

    Rule O4.

    Ports:
        control: when a result is handed over; with several contexts there is always room for it.
        number: with ``control.push``, the number of its answer.
        result: with ``control.push``.
        oldest: the number of the next answer that leaves.
        empty: no result waits.
        next: the result that leaves.
        answer: when it leaves.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design, self.contexts = design, design.system.contexts
        super().__init__(slot_ports(design))

    def elaborate(self, platform) -> Module:
        m = Module()
        if self.contexts == 1:
            wiring.connect(m, wiring.flipped(self.control), wiring.flipped(self.answer))
            names = self.result.signature.members
            m.d.comb += [self.empty.eq(1), *(getattr(self.next, n).eq(getattr(self.result, n)) for n in names)]
            return m
        contexts, steps = self.contexts, self.design.network.max_steps
        counts = Array(Signal(range(steps + 1), name=f"parts_{slot}") for slot in range(contexts))
        heads = Array(Signal(16, name=f"head_{slot}", reset_less=True) for slot in range(contexts))
        whole, put, leaving = Signal(contexts), Signal(range(contexts)), Signal(range(contexts))
        m.d.comb += [
            put.eq(slot_of(self.number, contexts)),
            leaving.eq(slot_of(self.oldest, contexts)),
            self.control.ready.eq(1),
        ]
        part = Cat(self.result.decision, self.result.scores)
        small = self.design.system.small_memory_bits
        memory = add_submodule(m, "memory", Memory(width=len(part), depth=contexts * steps, small_bits=small))
        m.d.comb += [
            memory.write.eq(self.control.push),
            memory.write_address.eq(put * steps + counts[put]),
            memory.write_data.eq(part),
        ]
        last_fetch = self._fetch(m, memory, leaving, counts, heads, whole)
        # The slot that is freed is another one: its last part was handed over before.
        with m.If(last_fetch):
            m.d.sync += [
                counts[leaving].eq(0),
                whole.bit_select(leaving, 1).eq(0),
                self.oldest.eq(Mux(self.oldest == 2 * contexts - 1, 0, self.oldest + 1)),
            ]
        with m.If(self.control.push):
            m.d.sync += [
                counts[put].eq(counts[put] + 1),
                heads[put].eq(Cat(getattr(self.result, name) for name in HEAD)),
                whole.bit_select(put, 1).eq(self.result.last),
            ]
        return m

    def _fetch(self, m: Module, memory: Memory, leaving: Signal, counts: Array, heads: Array, whole: Signal) -> Signal:
        """Fetch the parts of the oldest answer, one ahead of what leaves; returns when the last one is."""
        steps = self.design.network.max_steps
        fetched, sent, there = Signal(), Signal(range(steps + 1)), Signal()
        fetch, last_fetch, next_last = Signal(), Signal(), Signal()
        next_head = Signal(16, reset_less=True)
        m.d.comb += [
            there.eq(counts[leaving] != sent),
            fetch.eq(there & (~fetched | self.answer.push)),
            last_fetch.eq(fetch & whole.bit_select(leaving, 1) & (counts[leaving] == sent + 1)),
            memory.read.eq(fetch),
            memory.read_address.eq(leaving * steps + sent),
            self.answer.push.eq(fetched & self.answer.ready),
            self.empty.eq(~(Cat(*(count != 0 for count in counts)).any() | fetched)),
            Cat(self.next.decision, self.next.scores).eq(memory.read_data),
            Cat(getattr(self.next, name) for name in HEAD).eq(next_head),
            self.next.last.eq(next_last),
        ]
        m.d.sync += fetched.eq(fetch | (fetched & ~self.answer.push))
        with m.If(fetch):
            m.d.sync += [
                sent.eq(Mux(last_fetch, 0, sent + 1)),
                next_last.eq(last_fetch),
                next_head.eq(heads[leaving]),
            ]
        return last_fetch
