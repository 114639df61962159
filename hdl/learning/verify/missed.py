"""What the pulses of a weight missed, as counts of its accumulator."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.fixed import round_shift, saturate
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.learning import MOST_VERIFY_FEEDBACK
from remora.spec.crossbar.verify.verification import Verification
from remora.spec.lib.fixed import signed_width, unsigned_width


def missed_limit(design: DesignPoint) -> int:
    """Largest magnitude of what reads miss, in codes: all pulses that are due, and a change over the whole range."""
    verification = Verification.of(design)
    return (design.learning.max_pulses << verification.level_shift) + (
        2 * verification.reads * design.formats.adc_limit
    )


def correction_limit(design: DesignPoint) -> int:
    """A correction beyond this saturates every accumulator."""
    return (1 << design.learning.accumulator_bits) - 1


class Missed(wiring.Component):
    """Two stages: ``missed`` in cycle t, ``correction`` in cycle t + 2.

    Rule J3.

    Ports:
        valid: a row has been read.
        missed: wanted less measured change, in codes of the sum of its reads.
        feedback: eighths of what was missed that return.
        corrects: ``correction`` is there.
        correction: what the accumulator gets, saturated to what any accumulator can change by.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        super().__init__(
            {
                "valid": In(1),
                "missed": In(signed(signed_width(missed_limit(design)))),
                "feedback": In(unsigned_width(MOST_VERIFY_FEEDBACK)),
                "corrects": Out(1),
                "correction": Out(signed(signed_width(correction_limit(design)))),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        level, shift = self.design.learning.accumulator_level, Verification.of(self.design).shift
        factor = Signal(unsigned_width(level * MOST_VERIFY_FEEDBACK), reset_less=True)
        product = Signal(signed(len(self.missed) + len(factor)), reset_less=True)
        known = Signal()
        m.d.sync += [factor.eq(Mux(self.feedback > MOST_VERIFY_FEEDBACK, MOST_VERIFY_FEEDBACK, self.feedback) * level)]
        m.d.sync += [known.eq(self.valid), product.eq(self.missed * factor), self.corrects.eq(known)]
        m.d.sync += self.correction.eq(saturate(round_shift(product, shift), correction_limit(self.design)))
        return m
