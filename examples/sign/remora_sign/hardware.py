"""The rule in Amaranth."""

from __future__ import annotations

from amaranth.hdl import Module, Signal

from remora.hdl.learning.update_rules.rule import Due, Weight
from remora.spec.crossbar.design import DesignPoint


class Sign:
    """As `remora.hdl.learning.update_rules.rule.UpdateRule`, for the weight of a row."""

    def __init__(self, design: DesignPoint) -> None:
        self._level = design.learning.accumulator_level

    def decide(self, m: Module, weight: Weight, due: Due) -> None:
        """The step is a register in cycle t + 1, so two more lead to the pulses in cycle t + 3."""
        large, lowers = Signal(reset_less=True), Signal(reset_less=True)
        m.d.sync += [
            large.eq((weight.step >= self._level) | (weight.step <= -self._level)),
            lowers.eq(weight.step > 0),
            due.pulses.eq(large),
            due.raised.eq(~lowers),
        ]
