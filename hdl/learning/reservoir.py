"""Reservoir: the replay memory, a uniform sample of all sequences so far, at four bits a feature."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.learning.index_unit import IndexUnit
from remora.hdl.learning.replay_quantiser import ReplayQuantiser
from remora.hdl.lib.fixed import minimum
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.memory import HostPort, Memory
from remora.hdl.lib.threefry import WORD
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.formats import FEATURE_BITS
from remora.spec.crossbar.learning import (
    REPLAY_BITS,
    SEQUENCE_LIMIT,
    SIGN_FLIP,
    head_bits,
    reservoir_step_bits,
    reservoir_step_words,
)
from remora.spec.crossbar.memories import WordPart, head_parts
from remora.spec.lib.fixed import unsigned_width
from remora.spec.lib.rng import Purpose

RATIO_BITS = 8


class Reservoir(wiring.Component):
    """``replay_capacity`` sequences, 1 or more; every draw depends on n alone, that of a healing replay on q.

    One command, ``draw`` or ``insert``, at a time. What the host does, with the words of rule M8, it does only while no
    command is under way. Only a reset of the domain clears n and ``filled``; memories keep what they hold.

    Rules M1, M3, M4, M7, M8, M10 and M11.

    Ports:
        seed: of the random numbers.
        freeze: no sequence is accepted.
        clear: sets n and ``filled`` to 0.
        load: sets them to ``presented_value`` and ``filled_value``.
        presented_value: what is loaded.
        filled_value: what is loaded.
        presented: n, the number of training sequences so far.
        filled: how many sequences are held.
        next_sequence: a new training sequence has come, n goes up.
        draw: while ``filled`` is not 0, draws the slot of replay number ``replay_index``.
        replay_index: stable from ``draw`` until ``drawn``.
        healing: with ``draw``, of a design that heals, draws the slot of a healing replay after ``updates``; stable as
            ``replay_index`` is, which is then 0.
        updates: q, the number of the last update.
        drawn: high for one cycle; from then until the next command ``slot``, ``length`` and ``label`` describe it.
        slot: that was drawn, or that takes an insertion.
        length: steps of the sequence drawn.
        label: of the sequence drawn.
        read: in cycle t gives ``features`` of ``step`` from cycle t + 1 until the next read.
        step: the step that is read.
        features: restored to bytes.
        insert: hands over a sequence, whose length, label and features are stable until ``inserted``.
        insert_length: steps of the sequence inserted.
        insert_label: of the sequence inserted.
        insert_read: asks for the features of ``insert_step``.
        insert_step: the step that is asked for.
        insert_features: in the cycle after ``insert_read``.
        inserted: high for one cycle at the end of an insertion.
        accepted: with ``inserted``, it was accepted, in ``slot``.
        store_step: a step is being stored.
        step_address: where it is stored.
        step_word: what is stored.
        store_head: label and length are being stored.
        head_address: where they are stored.
        head_word: what is stored.
        host_steps: the host's port to the steps.
        host_heads: the host's port to labels and lengths.

    Attributes:
        steps_port, heads_port: signatures of the host's ports.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        network, capacity = design.network, design.learning.replay_capacity
        if not capacity:
            raise ValueError("a reservoir of capacity 0 is not built")
        small, parity = design.system.small_memory_bits, design.capabilities.parity
        width, words = reservoir_step_bits(design), reservoir_step_words(design)
        self._steps = Memory(width=width, depth=words, small_bits=small, parity=parity)
        self._heads = Memory(width=head_bits(design), depth=capacity, small_bits=small, parity=parity)
        self.steps_port, self.heads_port = (
            HostPort(memory.width, memory.depth, parity) for memory in (self._steps, self._heads)
        )
        step, length = unsigned_width(network.max_steps - 1), range(network.max_steps + 1)
        features, filled = FEATURE_BITS * network.features, unsigned_width(capacity)
        super().__init__(
            {
                "seed": In(WORD),
                "freeze": In(1),
                "clear": In(1),
                "load": In(1),
                "presented_value": In(WORD),
                "filled_value": In(filled),
                "presented": Out(WORD),
                "filled": Out(filled),
                "next_sequence": In(1),
                "draw": In(1),
                "replay_index": In(RATIO_BITS),
                **({"healing": In(1), "updates": In(WORD)} if design.capabilities.heals else {}),
                "drawn": Out(1),
                "slot": Out(unsigned_width(capacity - 1)),
                "length": Out(length),
                "label": Out(16),
                "read": In(1),
                "step": In(step),
                "features": Out(features),
                "insert": In(1),
                "insert_length": In(length),
                "insert_label": In(16),
                "insert_read": Out(1),
                "insert_step": Out(step),
                "insert_features": In(features),
                "inserted": Out(1),
                "accepted": Out(1),
                "store_step": Out(1),
                "step_address": Out(self._steps.address_bits),
                "step_word": Out(self._steps.width),
                "store_head": Out(1),
                "head_address": Out(self._heads.address_bits),
                "head_word": Out(self._heads.width),
                "host_steps": In(self.steps_port),
                "host_heads": In(self.heads_port),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        self._index = add_submodule(m, "index_unit", IndexUnit())
        self._quantiser = add_submodule(m, "quantiser", ReplayQuantiser(self.design))
        add_submodule(m, "steps", self._steps)
        add_submodule(m, "heads", self._heads)
        read_head, write_head = Signal(), Signal()
        self._count(m)
        self._connect_memories(m, read_head, write_head)
        self._connect_draws(m)
        self._control(m, read_head, write_head)
        return m

    def _control(self, m: Module, read_head: Signal, write_head: Signal) -> None:
        index, quantiser, capacity = self._index, self._quantiser, self.design.learning.replay_capacity
        with m.FSM():
            with m.State("IDLE"):
                with m.If(self.draw):
                    m.d.comb += index.start.eq(1)
                    m.next = "DRAW"
                with m.If(self.insert):
                    m.d.sync += self.slot.eq(self.filled)
                    with m.If(self.freeze):
                        m.next = "REFUSED"
                    with m.Elif(self.filled == capacity):
                        m.d.comb += index.start.eq(1)
                        m.next = "CHOOSE"
                    with m.Else():
                        m.next = "QUANTISE"

            with m.State("DRAW"):
                with m.If(index.done):
                    m.d.sync += self.slot.eq(index.index)
                    m.next = "HEAD"
            with m.State("HEAD"):
                m.d.comb += read_head.eq(1)
                m.next = "DRAWN"
            with m.State("DRAWN"):
                m.d.comb += self.drawn.eq(1)
                m.next = "IDLE"

            with m.State("CHOOSE"):
                with m.If(index.done):
                    m.d.sync += self.slot.eq(index.index)
                    m.next = "REFUSED"
                    with m.If(index.index < capacity):
                        m.next = "QUANTISE"
            with m.State("QUANTISE"):
                m.d.comb += quantiser.start.eq(1)
                m.next = "STORE"
            with m.State("STORE"):
                with m.If(quantiser.done):
                    m.d.comb += [write_head.eq(1), self.inserted.eq(1), self.accepted.eq(1)]
                    m.next = "IDLE"
            with m.State("REFUSED"):
                m.d.comb += self.inserted.eq(1)
                m.next = "IDLE"

    def _count(self, m: Module) -> None:
        with m.If(self.next_sequence & (self.presented != SEQUENCE_LIMIT)):
            m.d.sync += self.presented.eq(self.presented + 1)
        with m.If(self.accepted & (self.slot == self.filled)):
            m.d.sync += self.filled.eq(self.filled + 1)
        with m.If(self.load):
            m.d.sync += [self.presented.eq(self.presented_value), self.filled.eq(self.filled_value)]
        with m.If(self.clear):
            m.d.sync += [self.presented.eq(0), self.filled.eq(0)]

    def _connect_draws(self, m: Module) -> None:
        """One unit draws both indices; what it needs is stable from the command until it is done."""
        index, quantiser = self._index, self._quantiser
        inserting = Signal()
        with m.If(self.draw | self.insert):
            m.d.sync += inserting.eq(self.insert)
        for_insert = self.insert | (inserting & ~self.draw)
        purpose: Value | int = Purpose.REPLAY_INDEX
        number: Value = self.presented
        if self.design.capabilities.heals:
            # No insertion comes while it is healed.
            purpose = Mux(self.healing, Purpose.HEALING_INDEX, Purpose.REPLAY_INDEX)
            number = Mux(self.healing, self.updates, self.presented)
        m.d.comb += [
            index.seed.eq(self.seed),
            index.purpose.eq(Mux(for_insert, Purpose.RESERVOIR_INDEX, purpose)),
            index.bound.eq(Mux(for_insert, self.presented, self.filled)),
            index.number.eq(number),
            index.replay_index.eq(Mux(for_insert, 0, self.replay_index)),
            quantiser.seed.eq(self.seed),
            quantiser.number.eq(self.presented),
            quantiser.length.eq(self.insert_length),
            quantiser.features.eq(self.insert_features),
            self.insert_read.eq(quantiser.read_features),
            self.insert_step.eq(quantiser.step),
        ]

    def _connect_memories(self, m: Module, read_head: Signal, write_head: Signal) -> None:
        steps, heads, quantiser, max_steps = self._steps, self._heads, self._quantiser, self.design.network.max_steps
        first, (label, length) = Signal(steps.address_bits), head_parts(self.design)
        m.d.comb += [
            first.eq(self.slot * max_steps),
            steps.read.eq(self.read | self.host_steps.read),
            steps.read_address.eq(Mux(self.host_steps.read, self.host_steps.address, first + self.step)),
            steps.write.eq(quantiser.write | self.host_steps.write),
            steps.write_address.eq(Mux(self.host_steps.write, self.host_steps.address, first + quantiser.step)),
            steps.write_data.eq(Mux(self.host_steps.write, self.host_steps.write_data, quantiser.word)),
            heads.read.eq(read_head | self.host_heads.read),
            heads.read_address.eq(Mux(self.host_heads.read, self.host_heads.address, self.slot)),
            heads.write.eq(write_head | self.host_heads.write),
            heads.write_address.eq(Mux(self.host_heads.write, self.host_heads.address, self.slot)),
            heads.write_data.eq(
                Mux(
                    self.host_heads.write,
                    self.host_heads.write_data,
                    Cat(self.insert_label[: label.width], self.insert_length),
                )
            ),
            self.store_step.eq(quantiser.write),
            self.step_address.eq(steps.write_address),
            self.step_word.eq(steps.write_data),
            self.store_head.eq(write_head),
            self.head_address.eq(heads.write_address),
            self.head_word.eq(heads.write_data),
            self.host_steps.read_data.eq(steps.read_data),
            self.host_heads.read_data.eq(heads.read_data),
            *(
                port.parity_error.eq(memory.parity_error)
                for port, memory in ((self.host_steps, steps), (self.host_heads, heads))
                if memory.shape.parity
            ),
            self.label.eq(self._head_part(label)),
            self.length.eq(self._head_part(length)),
            self.features.eq(Cat(self._restored(feature) for feature in range(self.design.network.features))),
        ]

    def _head_part(self, part: WordPart) -> Value:
        """Of a slot that nobody wrote, too, a number that no memory ends short of. Rule M10."""
        number = self._heads.read_data[part.lsb : part.lsb + part.width]
        return minimum(Mux(number.any(), number, part.minimum) if part.minimum else number, part.maximum)

    def _restored(self, feature: int):
        """17·v is v twice; in two's complement, less 128 is the top bit flipped. Rule M6."""
        stored = self._steps.read_data[REPLAY_BITS * feature : REPLAY_BITS * (feature + 1)]
        byte = Cat(stored, stored)
        return (byte ^ SIGN_FLIP)[:FEATURE_BITS] if self.design.network.feature_signed else byte
