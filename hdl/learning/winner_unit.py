"""Winner unit: the feedback of every hidden unit, and which of them learn (K-winner-take-all)."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.learning.error_unit import ERROR_BITS
from remora.hdl.learning.feedback_units import FeedbackUnits
from remora.hdl.lib.fixed import count_ones, magnitude
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.threefry import WORD
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.learning import feedback_bound
from remora.spec.lib.fixed import signed_width, unsigned_width


class WinnerUnit(wiring.Component):
    """The interface of :class:`remora.hdl.learning.feedback_units.FeedbackUnits`, with ``winners`` and ``learns``.

    All feedback comes first; then the winners are found by the bits of \\|f\\| from the top, one a cycle: of the
    candidates, those with the bit set win if they are too few, else they are the candidates that stay. Candidates left
    at the end are ties, of which the first ones win.

    Rules L6 and N5.

    Ports:
        seed: stable from ``start`` until the last value is taken.
        winners: how many columns learn, 1 … hidden, stable from ``start`` on.
        start: begins with column 0.
        error: as of :class:`remora.hdl.learning.error_unit.ErrorUnit`, stable in the same way.
        take: while ``valid``, lets the unit go on to the column after.
        valid: ``feedback`` is the value of the next column.
        learns: the next column is among the ``winners`` of largest \\|f\\|, ties to the lower column.
        feedback: f of the next column.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        super().__init__(
            {
                "seed": In(WORD),
                "winners": In(unsigned_width(design.network.hidden)),
                "start": In(1),
                "error": In(ERROR_BITS * design.network.classes),
                "take": In(1),
                "valid": Out(1),
                "learns": Out(1),
                "feedback": Out(signed(signed_width(feedback_bound(design)))),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        hidden, width = self.design.network.hidden, unsigned_width(feedback_bound(self.design))
        source = add_submodule(m, "feedback_units", FeedbackUnits(self.design))
        # Column 0 first; each column taken moves all down by one.
        values = [Signal(signed(width + 1), name=f"value_{index}", reset_less=True) for index in range(hidden)]
        won, candidates = Signal(hidden), Signal(hidden)
        missing = Signal.like(self.winners)
        column, bit = Signal(unsigned_width(hidden - 1)), Signal(unsigned_width(width - 1))
        set_, count, tied = Signal(hidden), Signal.like(self.winners), Signal()
        sizes = [magnitude(value)[:width] for value in values]
        m.d.comb += [
            source.seed.eq(self.seed),
            source.start.eq(self.start),
            source.error.eq(self.error),
            set_.eq(candidates & Cat(*(size.bit_select(bit, 1) for size in sizes))),
            count.eq(count_ones(set_)),
            self.feedback.eq(values[0]),
            tied.eq(candidates[0] & (missing != 0)),
            self.learns.eq(won[0] | tied),
        ]
        move = Signal()
        with m.If(move):
            incoming = [*values[1:], source.feedback]
            m.d.sync += [value.eq(after) for value, after in zip(values, incoming, strict=True)]

        with m.FSM():
            with m.State("IDLE"):
                with m.If(self.start):
                    m.d.sync += [column.eq(0), won.eq(0), candidates.eq(~0), missing.eq(self.winners)]
                    m.next = "GATHER"
            with m.State("GATHER"):
                with m.If(source.valid):
                    m.d.comb += [source.take.eq(1), move.eq(1)]
                    m.d.sync += column.eq(column + 1)
                    with m.If(column == hidden - 1):
                        m.d.sync += [column.eq(0), bit.eq(width - 1)]
                        m.next = "SELECT"
            with m.State("SELECT"):
                m.d.sync += bit.eq(bit - 1)
                with m.If(count >= missing):
                    m.d.sync += candidates.eq(set_)
                with m.Else():
                    m.d.sync += [won.eq(won | set_), candidates.eq(candidates & ~set_), missing.eq(missing - count)]
                with m.If(bit == 0):
                    m.next = "VALID"
            with m.State("VALID"):
                m.d.comb += self.valid.eq(1)
                with m.If(self.take):
                    m.d.comb += move.eq(1)
                    m.d.sync += [
                        column.eq(column + 1),
                        won.eq(won >> 1),
                        candidates.eq(candidates >> 1),
                        missing.eq(Mux(tied, missing - 1, missing)),
                    ]
                    with m.If(column == hidden - 1):
                        m.next = "IDLE"
        return m
