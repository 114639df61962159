"""Result slots: results wait for their turn, and leave in the order of the stream."""

from __future__ import annotations

from amaranth.hdl import Array, Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.crossbar.control import AnswerControl
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.fixed import unsigned_width


class Result(wiring.Signature):
    """A result and the head of its answer, seen from who has it.

    Ports:
        decision: the class.
        scores: of all classes, class 0 in the low bits.
        flags: of the packet that is answered.
        tag: of the packet that is answered.
        last: of a design with a readout at every step, that it is of the last step.
    """

    def __init__(self, design: DesignPoint) -> None:
        classes = design.network.classes
        super().__init__(
            {
                "decision": Out(unsigned_width(classes - 1)),
                "scores": Out(design.formats.adc_bits * classes),
                "flags": Out(8),
                "tag": Out(8),
                **({"last": Out(1)} if design.capabilities.reads_every_step else {}),
            }
        )


def slot_ports(design: DesignPoint) -> dict[str, wiring.Member]:
    """Ports of whatever keeps results until their turn, named as in `ResultSlots`."""
    number = unsigned_width(2 * design.system.contexts - 1)
    return {
        "control": In(AnswerControl()),
        "number": In(number),
        "result": In(Result(design)),
        "oldest": Out(number),
        "empty": Out(1),
        "next": Out(Result(design)),
        "answer": Out(AnswerControl()),
    }


def slot_of(number: Value, contexts: int) -> Value:
    """The slot in which the result of a number waits."""
    return Mux(number >= contexts, number - contexts, number)[: unsigned_width(contexts - 1)]


class ResultSlots(wiring.Component):
    """``contexts`` slots. The result of number n waits in slot n modulo ``contexts``; numbers count modulo twice as
    many.

    Who reads out keeps to the numbers from ``oldest`` on, of which there are ``contexts``, so the slot is free.

    Ports:
        control: when a result is handed over; there is always room for it.
        number: with ``control.push``, its number.
        result: with ``control.push``.
        oldest: the number of the next result that leaves.
        empty: no result waits.
        next: the result that leaves.
        answer: when it leaves.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design, self.contexts = design, design.system.contexts
        super().__init__(slot_ports(design))

    def elaborate(self, platform) -> Module:
        m = Module()
        contexts, names = self.contexts, self.result.signature.members
        if contexts == 1:
            # The answer itself is the slot.
            wiring.connect(m, wiring.flipped(self.control), wiring.flipped(self.answer))
            m.d.comb += [self.empty.eq(1), *(getattr(self.next, n).eq(getattr(self.result, n)) for n in names)]
            return m
        bits = Cat(getattr(self.result, name) for name in names)
        slots = Array(Signal(len(bits), name=f"slot_{index}", reset_less=True) for index in range(contexts))
        full = Signal(contexts)

        put, leaving = Signal(unsigned_width(contexts - 1)), Signal(unsigned_width(contexts - 1))
        m.d.comb += [
            put.eq(slot_of(self.number, contexts)),
            leaving.eq(slot_of(self.oldest, contexts)),
            self.control.ready.eq(1),
            self.empty.eq(~full.any()),
            Cat(getattr(self.next, name) for name in names).eq(slots[leaving]),
            self.answer.push.eq(full.bit_select(leaving, 1) & self.answer.ready),
        ]
        with m.If(self.control.push):
            m.d.sync += [slots[put].eq(bits), full.bit_select(put, 1).eq(1)]
        with m.If(self.answer.push):
            m.d.sync += [
                full.bit_select(leaving, 1).eq(0),
                self.oldest.eq(Mux(self.oldest == 2 * contexts - 1, 0, self.oldest + 1)),
            ]
        return m
