# amaranth: UnusedElaboratable=no
"""Feedback units: as many as learn columns at once, whose values come in the order of the columns."""

from __future__ import annotations

from amaranth.hdl import Array, Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.learning.error_unit import ERROR_BITS
from remora.hdl.learning.feedback_unit import FeedbackUnit
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.threefry import WORD
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.learning import feedback_bound
from remora.spec.lib.fixed import signed_width, unsigned_width


class FeedbackUnits(wiring.Component):
    """Unit u of n has the columns u, u + n, u + 2n …; n is ``learning.columns``, or ``hidden`` where that is less.

    Rules L4, L5 and R3.

    Ports:
        seed: stable from ``start`` until the last value is taken.
        start: begins with column 0.
        error: as of :class:`remora.hdl.learning.error_unit.ErrorUnit`, stable in the same way.
        take: while ``valid``, goes on to the next column.
        valid: ``feedback`` is the value of the next column.
        feedback: f of the next column.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        super().__init__(
            {
                "seed": In(WORD),
                "start": In(1),
                "error": In(ERROR_BITS * design.network.classes),
                "take": In(1),
                "valid": Out(1),
                "feedback": Out(signed(signed_width(feedback_bound(design)))),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        count = min(self.design.learning.columns, self.design.network.hidden)
        # Equal units share one Verilog module, so all but the first are never elaborated: see the first line.
        units = [add_submodule(m, f"feedback_unit_{index}", FeedbackUnit(self.design)) for index in range(count)]
        turn = Signal(unsigned_width(count - 1))
        for index, unit in enumerate(units):
            m.d.comb += [
                unit.seed.eq(self.seed),
                unit.first.eq(index),
                unit.start.eq(self.start),
                unit.error.eq(self.error),
                unit.take.eq(self.take & (turn == index)),
            ]
        m.d.comb += [
            self.valid.eq(Array([unit.valid for unit in units])[turn]),
            self.feedback.eq(Array([unit.feedback for unit in units])[turn]),
        ]
        with m.If(self.start):
            m.d.sync += turn.eq(0)
        with m.Elif(self.take & self.valid):
            m.d.sync += turn.eq(turn + 1)
            with m.If(turn == count - 1):
                m.d.sync += turn.eq(0)
        return m
