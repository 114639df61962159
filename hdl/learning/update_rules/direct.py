""" "direct": steps are rounded stochastically to pulses at once."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal

from remora.hdl.learning.update_rules.rule import Due, Weight
from remora.hdl.lib.fixed import magnitude
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.learning import pulse_shift


class Direct:
    """The whole levels of \\|S\\| and a random number are given as pulses, against the sign of S.

    Rule L14.
    """

    def __init__(self, design: DesignPoint) -> None:
        self._most, self._shift = design.learning.max_pulses, pulse_shift(design)

    def decide(self, m: Module, weight: Weight, due: Due) -> None:
        """As `remora.hdl.learning.update_rules.rule.UpdateRule.decide`."""
        most, shift, step = self._most, self._shift, weight.step
        random, lowered = Signal(self._shift, name="rounds_by", reset_less=True), Signal(reset_less=True)
        levels = Signal(len(step) + 1 - shift if len(step) + 1 > shift else 1, reset_less=True)
        m.d.sync += [
            random.eq(weight.random),
            levels.eq((magnitude(step) + random) >> shift),
            lowered.eq(step >= 0),
            due.pulses.eq(Mux(levels > most, most, levels)),
            due.raised.eq(~lowered),
        ]
