"""Contexts: which sequence is in which context, how far it is, and whose step is next."""

from __future__ import annotations

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.cells.registry import cell_class
from remora.hdl.lib.sequence import Arrived
from remora.hdl.lib.steps import StepEnd, StepTag, first_in_turn, lowest
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.fixed import unsigned_width
from remora.spec.lib.packets import Flag


class Contexts(wiring.Component):
    """Starts sequences in the order of their arrival, each in the lowest free context, and picks the next step.

    The next step is that of the first context, in turn, whose words are stored or are so at the end of this cycle. With
    bistable cells a step needs nothing of the one before. A sequence that learns starts when no context is in use, and
    no other starts before it is freed. With a readout at every step the next step also waits until the readout of the
    one before begins, since its words would take the place of those.

    A healing replay begins where no sequence waits and no context is in use, and no sequence starts before it is freed.

    Rule M15.

    Ports:
        run: a sequence may start; one that has started always ends.
        arrived: the oldest sequence that waits.
        target: the context that the next sequence takes.
        restart: the sequence in context 0 begins anew, with ``restart_length`` steps, of a design that replays.
        restart_length: steps of what is replayed.
        ready: a step may start.
        heal: a healing replay is asked for, of a design that heals.
        heals: it begins, in context 0, which is restarted when it is drawn.
        start: the step of ``next`` starts.
        next: the step that is next.
        bank: with ``start``, the bank of its sequence.
        ended: the end of a step; the next one of its sequence may start.
        released: of a design with a readout at every step, whose cell takes codes, the step after which the next one
            may start instead.
        concluded: a sequence has been read out.
        freed: a context is free again.
        leaving: the context that is concluded or freed.
        leaving_bank: the bank of its sequence.
        leaving_number: the number of its answer.
        oldest: the number of the oldest answer that has not left.
        open: by context, the answer of its sequence has a place.
        in_use: a context is.
        free: a context is.
        stepping: a sequence is between its first plane and its last state.
        reading_out: a sequence is between its last state and the end of its readout.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        contexts = design.system.contexts
        index, number = unsigned_width(contexts - 1), unsigned_width(2 * contexts - 1)
        length = range(design.network.max_steps + 1)
        restart = {"restart": In(1), "restart_length": In(length)}
        self._waits_for_readouts = design.capabilities.reads_every_step and not cell_class(design).at_bitlines
        super().__init__(
            {
                "run": In(1),
                "arrived": In(Arrived(design)),
                "target": Out(index),
                **(restart if design.capabilities.replays else {}),
                **({"heal": In(1), "heals": Out(1)} if design.capabilities.heals else {}),
                "ready": In(1),
                "start": Out(1),
                "next": Out(StepTag(design)),
                "bank": Out(unsigned_width(design.banks - 1)),
                "ended": In(StepEnd(design)),
                **({"released": In(StepEnd(design))} if self._waits_for_readouts else {}),
                "concluded": In(1),
                "freed": In(1),
                "leaving": In(index),
                "leaving_bank": Out(unsigned_width(design.banks - 1)),
                "leaving_number": Out(number),
                "oldest": In(number),
                "open": Out(contexts),
                "in_use": Out(1),
                "free": Out(1),
                "stepping": Out(1),
                "reading_out": Out(1),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        contexts = self.design.system.contexts
        in_use, waiting, stepping, reading = (
            Signal(contexts, name=name) for name in ("used", "waiting", "in_steps", "in_readout")
        )
        steps = Array(Signal.like(self.next.step, name=f"step_{c}") for c in range(contexts))
        lengths = Array(Signal.like(self.arrived.length, name=f"length_{c}") for c in range(contexts))
        banks = Array(Signal.like(self.bank, name=f"bank_{c}", reset_less=True) for c in range(contexts))
        taken = self._take(m, in_use, steps, lengths, banks, waiting)
        self._pick(m, waiting, stepping, steps, lengths, banks)
        self._number(m, taken)
        with m.If(self.ended.valid & self.ended.last):
            m.d.sync += [
                stepping.bit_select(self.ended.context_index, 1).eq(0),
                reading.bit_select(self.ended.context_index, 1).eq(1),
            ]
        with m.If(self.concluded):
            m.d.sync += reading.bit_select(self.leaving, 1).eq(0)
        with m.If(self.freed):
            m.d.sync += in_use.bit_select(self.leaving, 1).eq(0)
        m.d.comb += [
            self.leaving_bank.eq(banks[self.leaving]),
            self.in_use.eq(in_use.any()),
            self.free.eq(~in_use.all()),
            self.stepping.eq(stepping.any()),
            self.reading_out.eq(reading.any()),
        ]
        return m

    def _take(self, m: Module, in_use, steps, lengths, banks, waiting) -> tuple[Value, Signal]:
        """Start the oldest sequence that waits; returns when, and in which context."""
        arrived, target = self.arrived, self.target
        m.d.comb += target.eq(lowest(m, ~in_use, "lowest_free"))
        may = self.run & ~in_use.all()
        if self.design.capabilities.learns:
            # A sequence that learns is alone.
            alone, learns = Signal(), arrived.flags.bit_select(Flag.LEARN.bit_length() - 1, 1)
            may = may & ~alone & (~learns | ~in_use.any())
            with m.If(arrived.take):
                m.d.sync += alone.eq(learns)
            with m.Elif(self.freed):
                m.d.sync += alone.eq(0)
            if self.design.capabilities.heals:
                m.d.comb += self.heals.eq(self.run & self.heal & ~in_use.any() & ~arrived.available)
                with m.If(self.heals):
                    m.d.sync += [alone.eq(1), in_use[0].eq(1)]
        m.d.comb += arrived.take.eq(may & arrived.available)
        with m.If(arrived.take):
            m.d.sync += [
                in_use.bit_select(target, 1).eq(1),
                waiting.bit_select(target, 1).eq(1),
                steps[target].eq(0),
                lengths[target].eq(arrived.length),
                banks[target].eq(arrived.bank),
            ]
        if self.design.capabilities.replays:
            with m.If(self.restart):
                m.d.sync += [waiting[0].eq(1), steps[0].eq(0), lengths[0].eq(self.restart_length)]
        return arrived.take, target

    def _pick(self, m: Module, waiting, stepping, steps, lengths, banks) -> None:
        at_bitlines = cell_class(self.design).at_bitlines
        ended = self.released if self._waits_for_readouts else self.ended
        requests, turn = Signal.like(waiting), Signal.like(self.next.context_index)
        m.d.comb += requests.eq(waiting)
        if not at_bitlines:
            with m.If(ended.valid & ~ended.last):
                m.d.comb += requests.bit_select(ended.context_index, 1).eq(1)
                m.d.sync += waiting.bit_select(ended.context_index, 1).eq(1)
        chosen = first_in_turn(m, requests, turn, "chosen")
        step = steps[chosen]
        m.d.comb += [
            self.start.eq(self.ready & requests.any()),
            self.next.context_index.eq(chosen),
            self.next.step.eq(step),
            self.next.first.eq(step == 0),
            self.next.last.eq(step + 1 == lengths[chosen]),
            self.bank.eq(banks[chosen]),
        ]
        with m.If(self.start):
            m.d.sync += [
                waiting.bit_select(chosen, 1).eq(~self.next.last if at_bitlines else 0),
                stepping.bit_select(chosen, 1).eq(1),
                step.eq(step + 1),
                turn.eq(Mux(chosen == self.design.system.contexts - 1, Const(0), chosen + 1)),
            ]

    def _number(self, m: Module, taken: tuple[Value, Signal]) -> None:
        """Number the answers, modulo twice as many as there are contexts."""
        contexts = self.design.system.contexts
        if contexts == 1:
            m.d.comb += self.open.eq(1)
            return
        take, target = taken
        answered = self.arrived.flags.bit_select(Flag.INFER.bit_length() - 1, 1)
        numbers = Array(Signal.like(self.oldest, name=f"number_{c}") for c in range(contexts))
        silent, following = Signal(contexts), Signal.like(self.oldest)
        with m.If(take):
            m.d.sync += [numbers[target].eq(following), silent.bit_select(target, 1).eq(~answered)]
            with m.If(answered):
                m.d.sync += following.eq(Mux(following == 2 * contexts - 1, 0, following + 1))
        if self.design.capabilities.heals:
            with m.If(self.heals):
                m.d.sync += silent[0].eq(1)
        with m.If(self.concluded):
            # What is read out again, as a replay, is not answered.
            m.d.sync += silent.bit_select(self.leaving, 1).eq(1)
        open_answers = []
        for context, number in enumerate(numbers):
            ahead = Mux(number >= self.oldest, number - self.oldest, number - self.oldest + 2 * contexts)
            open_answers.append(silent[context] | (ahead < contexts))
        m.d.comb += [self.open.eq(Cat(*open_answers)), self.leaving_number.eq(numbers[self.leaving])]
