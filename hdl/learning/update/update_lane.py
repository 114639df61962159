"""One lane of an update: from the gradient of one weight to the pulses that fall due, a stage a cycle."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.learning.update.gradient_lane import gradient_bits
from remora.hdl.learning.update_rules.registry import make_rule
from remora.hdl.learning.update_rules.rule import Due, Weight
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.learning import MOST_RATE_SHIFT, pulse_shift
from remora.spec.crossbar.update_rules.registry import update_rule
from remora.spec.lib.fixed import unsigned_width


def dropped_bits(design: DesignPoint) -> int:
    """Low bits of a gradient that no rate reaches: no rule rounds by them."""
    return max(0, min(design.learning.hidden_shift, design.learning.readout_shift) - 1)


def kept_bits(design: DesignPoint) -> int:
    """Bits of a gradient above those."""
    return max(2, gradient_bits(design) - dropped_bits(design))


class UpdateLane(wiring.Component):
    """From ``gradient`` G in cycle t: S = rs(G, s + ``rate_shift``), with s of the readout while ``readout``. The rule
    of ``learning.update``, in `remora.hdl.learning.update_rules`, gives the rest.

    Rules L11 to L14.

    Ports:
        gradient: without its `dropped_bits`, in cycle t.
        readout: the column is the readout's, in cycle t.
        rate_shift: halvings of the layer's rate, in cycle t.
        pulses: how many fall due, at most ``max_pulses``, in cycle t + `ROUNDED`.
        raised: they raise the weight, in cycle t + `ROUNDED`.
        accumulator: of a design that accumulates, χ, in cycle t + 1.
        next_accumulator: of a design that accumulates, the new χ, in cycle t + `ROUNDED`.
        random: of a design that draws, what decides the rounding, in cycle t.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        accumulator, rule = signed(design.learning.accumulator_bits), update_rule(design)
        self._accumulates, self._draws = rule.accumulates, rule.draws
        super().__init__(
            {
                "gradient": In(signed(kept_bits(design))),
                "readout": In(1),
                "rate_shift": In(MOST_RATE_SHIFT.bit_length()),
                "pulses": Out(unsigned_width(design.learning.max_pulses)),
                "raised": Out(1),
                **({"accumulator": In(accumulator), "next_accumulator": Out(accumulator)} if rule.accumulates else {}),
                **({"random": In(pulse_shift(design))} if rule.draws else {}),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        change = Signal(signed(len(self.gradient) + 1), name="change", reset_less=True)
        m.d.sync += change.eq(self._change(m))
        pulses, raised = Signal.like(self.pulses, reset_less=True), Signal(reset_less=True)
        m.d.comb += [self.pulses.eq(pulses), self.raised.eq(raised)]
        accumulator, after = (self.accumulator, self.next_accumulator) if self._accumulates else (None, None)
        weight = Weight(change, accumulator, self.random if self._draws else None)
        make_rule(self.design).decide(m, weight, Due(pulses, raised, after))
        return m

    def _change(self, m: Module) -> Value:
        """S: a shift that leaves one bit too many, chosen among constants, then half is added and that bit dropped."""
        learning, gradient = self.design.learning, self.gradient
        almost = Signal(signed(len(gradient) + 1))
        with m.Switch(Cat(self.rate_shift, self.readout)):
            for readout, shift in enumerate((learning.hidden_shift, learning.readout_shift)):
                for rate_shift in range(MOST_RATE_SHIFT + 1):
                    with m.Case(readout << len(self.rate_shift) | rate_shift):
                        total = shift + rate_shift - dropped_bits(self.design)
                        m.d.comb += almost.eq(gradient >> (total - 1) if total else gradient << 1)
        change = Signal(signed(len(gradient) + 1), name="rounded")
        m.d.comb += change.eq((almost + 1) >> 1)
        return change
