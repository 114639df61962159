"""Feedback unit: the error seen through the random feedback matrix, drawn anew for every column."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.error_unit import ERROR_BITS
from hdl.hierarchy import place
from hdl.threefry import Threefry
from spec.design import DesignPoint
from spec.fixed import signed_width, unsigned_width
from spec.learning import FEEDBACK_WORD_BITS, feedback_bound
from spec.rng import ATTEMPT_BITS, LANE_BITS, Purpose


class FeedbackUnit(wiring.Component):
    """``f_j = Σ_k Ψ_kj e_k`` for columns j = 0 … hidden − 1 in turn, one while the one before is in use.

    ``start`` begins with column 0; ``error`` must be stable from then until the last value is taken. ``valid``:
    ``feedback`` is the value of the next column; ``take`` while ``valid`` lets the unit go on to the one after. The
    first value is valid ``15·⌈classes / 32⌉ + classes + 1`` cycles after the start, every other as long after the take
    before.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        super().__init__(
            {
                "start": In(1),
                "error": In(ERROR_BITS * design.network.classes),
                "take": In(1),
                "valid": Out(1),
                "feedback": Out(signed(signed_width(feedback_bound(design)))),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        network = self.design.network
        hash_ = place(m, "hash", Threefry())
        column = Signal(unsigned_width(network.hidden - 1))
        index = Signal(unsigned_width(network.classes - 1))
        signs = Signal(FEEDBACK_WORD_BITS)
        error = Signal(signed(ERROR_BITS))
        group_bits = FEEDBACK_WORD_BITS.bit_length() - 1
        m.d.comb += [
            hash_.key_0.eq(self.design.learning.seed),
            hash_.key_1.eq(int(Purpose.FEEDBACK) << (LANE_BITS + ATTEMPT_BITS) | (index >> group_bits)),
            hash_.counter_1.eq(column),
            error.eq(self.error.word_select(index, ERROR_BITS)),
        ]
        with m.FSM():
            with m.State("IDLE"):
                with m.If(self.start):
                    m.d.sync += [column.eq(0), index.eq(0), self.feedback.eq(0)]
                    m.next = "DRAW"
            with m.State("DRAW"):
                m.d.comb += hash_.start.eq(1)
                m.next = "HASH"
            with m.State("HASH"):
                m.d.sync += signs.eq(hash_.word)
                with m.If(hash_.done):
                    m.next = "SUM"
            with m.State("SUM"):
                m.d.sync += [
                    self.feedback.eq(self.feedback + Mux(signs[0], -error, error)),
                    signs.eq(signs >> 1),
                    index.eq(index + 1),
                ]
                with m.If(index == network.classes - 1):
                    m.d.sync += index.eq(0)
                    m.next = "VALID"
                if network.classes > FEEDBACK_WORD_BITS:
                    with m.Elif(index[:group_bits].all()):
                        m.next = "DRAW"
            with m.State("VALID"):
                m.d.comb += self.valid.eq(1)
                with m.If(self.take):
                    m.d.sync += [column.eq(column + 1), self.feedback.eq(0)]
                    m.next = "DRAW"
                    with m.If(column == network.hidden - 1):
                        m.next = "IDLE"
        return m
