"""Group feedback: gathers the feedback of the columns that learn next, and says which of them learn."""

from __future__ import annotations

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.learning.error_unit import ERROR_BITS
from remora.hdl.learning.feedback_units import FeedbackUnits
from remora.hdl.learning.winner_unit import WinnerUnit
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.threefry import WORD
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.learning import feedback_bound
from remora.spec.lib.fixed import signed_width, unsigned_width


def feedback_bits(design: DesignPoint) -> int:
    """Bits of a column's feedback."""
    return signed_width(feedback_bound(design))


class GroupFeedback(wiring.Component):
    """Takes the values of the units, one a cycle, until the group has its ``count``.

    Rules L4 to L6.

    Ports:
        seed: of all random numbers, stable from ``start`` on.
        winners: of a design that selects, how many hidden units learn, stable in the same way.
        error: as of :class:`remora.hdl.learning.error_unit.ErrorUnit`, stable in the same way.
        start: begins with column 0.
        count: columns of the next group.
        gather: ``count`` is right, and values may be taken.
        clear: the values have been handed on: begin with those of the next group.
        full: the values of the group are there.
        feedback: of each column of the group, the first in the low bits.
        learns: one bit a column: it learns.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        columns = design.learning.columns
        selects = {"winners": In(unsigned_width(design.network.hidden))} if design.capabilities.selects else {}
        super().__init__(
            {
                "seed": In(WORD),
                **selects,
                "error": In(ERROR_BITS * design.network.classes),
                "start": In(1),
                "count": In(unsigned_width(columns)),
                "gather": In(1),
                "clear": In(1),
                "full": Out(1),
                "feedback": Out(feedback_bits(design) * columns),
                "learns": Out(columns),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        design, selects = self.design, self.design.capabilities.selects
        unit = WinnerUnit(design) if selects else FeedbackUnits(design)
        source = add_submodule(m, "winner_unit" if selects else "feedback_units", unit)
        if selects:
            m.d.comb += source.winners.eq(self.winners)
        gathered = Signal.like(self.count)
        values = [
            Signal(signed(feedback_bits(design)), name=f"feedback_{index}", reset_less=True)
            for index in range(design.learning.columns)
        ]
        m.d.comb += [
            source.seed.eq(self.seed),
            source.error.eq(self.error),
            source.start.eq(self.start),
            source.take.eq(self.gather & source.valid & ~self.full),
            self.full.eq(gathered == self.count),
        ]
        for index, value in enumerate(values):
            m.d.comb += self.feedback.word_select(index, len(value)).eq(value)
            with m.If(source.take & (gathered == index)):
                m.d.sync += [value.eq(source.feedback), self.learns[index].eq(source.learns if selects else 1)]
        with m.If(source.take):
            m.d.sync += gathered.eq(gathered + 1)
        with m.If(self.clear | self.start):
            m.d.sync += [gathered.eq(0), self.learns.eq(0)]
        return m
