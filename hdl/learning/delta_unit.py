"""Delta unit: the error of a hidden unit in one step, from its feedback and its code."""

from __future__ import annotations

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.fixed import magnitude, round_shift
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.learning import delta_bound, feedback_bound
from remora.spec.crossbar.tables import DERIVATIVE_BITS, derivative_table
from remora.spec.lib.fixed import signed_width


class DeltaUnit(wiring.Component):
    """``δ = rs(f·d′[|code|], 8 + feedback_shift)``, one a cycle.

    Rules L7 and L8.

    Ports:
        code: in cycle t.
        feedback: f, in cycle t + 1.
        delta: δ, in cycle t + 2.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        super().__init__(
            {
                "code": In(signed(design.formats.adc_bits)),
                "feedback": In(signed(signed_width(feedback_bound(design)))),
                "delta": Out(signed(signed_width(delta_bound(design)))),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        derivative = Signal(DERIVATIVE_BITS)
        # As logic, not as an initialised memory, which only FPGAs have.
        with m.Switch(magnitude(self.code)[: self.design.formats.adc_bits - 1]):
            for code, value in enumerate(derivative_table(self.design)):
                with m.Case(code):
                    m.d.sync += derivative.eq(value)
        product = Signal(signed(len(self.feedback) + DERIVATIVE_BITS))
        m.d.comb += product.eq(self.feedback * derivative)
        m.d.sync += self.delta.eq(round_shift(product, DERIVATIVE_BITS + self.design.learning.feedback_shift))
        return m
