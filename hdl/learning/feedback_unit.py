"""Feedback unit: the error seen through the random feedback matrix, drawn anew for every column."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.learning.error_unit import ERROR_BITS
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.threefry import WORD, Threefry
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.learning import FEEDBACK_WORD_BITS, feedback_bound
from remora.spec.lib.fixed import signed_width, unsigned_width
from remora.spec.lib.rng import ATTEMPT_BITS, LANE_BITS, Purpose


class FeedbackUnit(wiring.Component):
    """``f_j = Σ_k Ψ_kj e_k`` for every ``learning.columns``-th column j from ``first`` on.

    One is made while the one before is in use.

    The next word is drawn while one is summed. `remora.spec.crossbar.cycles.Cycles` says when values are valid:
    ``first_feedback`` after the start, and ``next_feedback`` after a take.

    Rules L4, L5 and R3.

    Ports:
        seed: stable from ``start`` until the last value is taken.
        first: the first column, below ``hidden``.
        start: begins with it.
        error: as of :class:`remora.hdl.learning.error_unit.ErrorUnit`, stable in the same way.
        take: while ``valid``, lets the unit go on to its next column.
        valid: ``feedback`` is the value of the unit's next column.
        feedback: f of that column.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        super().__init__(
            {
                "seed": In(WORD),
                "first": In(unsigned_width(design.network.hidden - 1)),
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
        hash_ = add_submodule(m, "hash", Threefry())
        groups = -(-network.classes // FEEDBACK_WORD_BITS)
        stride = self.design.learning.columns
        column, index = Signal(range(network.hidden + stride)), Signal(unsigned_width(network.classes - 1))
        # What the hash draws, ahead of what is summed.
        drawn_column, drawn_group, draw = Signal.like(column), Signal(range(groups + 1)), Signal()
        signs = Signal(FEEDBACK_WORD_BITS)
        error = Signal(signed(ERROR_BITS))
        group_bits = FEEDBACK_WORD_BITS.bit_length() - 1
        m.d.comb += [
            hash_.key_0.eq(self.seed),
            hash_.key_1.eq(int(Purpose.FEEDBACK) << (LANE_BITS + ATTEMPT_BITS) | drawn_group),
            hash_.counter_1.eq(drawn_column),
            hash_.start.eq(draw),
            error.eq(self.error.word_select(index, ERROR_BITS)),
        ]
        m.d.sync += draw.eq(0)
        with m.FSM():
            with m.State("IDLE"):
                with m.If(self.start):
                    m.d.sync += [column.eq(self.first), index.eq(0), self.feedback.eq(0)]
                    m.d.sync += [drawn_column.eq(self.first), drawn_group.eq(0), draw.eq(1)]
                    m.next = "DRAW"
            with m.State("DRAW"):
                m.next = "HASH"
            with m.State("HASH"):
                with m.If(hash_.done):
                    m.d.sync += [signs.eq(hash_.word), drawn_group.eq(drawn_group + 1), draw.eq(1)]
                    with m.If(drawn_group == groups - 1):
                        m.d.sync += [drawn_group.eq(0), drawn_column.eq(drawn_column + stride)]
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
                if groups > 1:
                    with m.Elif(index[:group_bits].all()):
                        m.next = "HASH"
            with m.State("VALID"):
                m.d.comb += self.valid.eq(1)
                with m.If(self.take):
                    m.d.sync += [column.eq(column + stride), self.feedback.eq(0)]
                    m.next = "HASH"
                    with m.If(column + stride > network.hidden - 1):
                        m.next = "IDLE"
        return m
