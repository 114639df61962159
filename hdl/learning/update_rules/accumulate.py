""" "accumulate": gradients gather in an accumulator a weight."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, signed

from remora.hdl.learning.update_rules.rule import Due, Weight
from remora.hdl.lib.fixed import count_ones, magnitude, saturate
from remora.spec.crossbar.design import DesignPoint


class Accumulate:
    """``sat(χ − S)``; its whole levels are given as pulses, and what is left of it stays.

    Rules L12 and L13.
    """

    def __init__(self, design: DesignPoint) -> None:
        self._learning = design.learning

    def decide(self, m: Module, weight: Weight, due: Due) -> None:
        """As `remora.hdl.learning.update_rules.rule.UpdateRule.decide`."""
        learning, pulses = self._learning, due.pulses
        limit, level = (1 << (learning.accumulator_bits - 1)) - 1, learning.accumulator_level
        moved = Signal(signed(learning.accumulator_bits), reset_less=True)
        left = Signal(signed(learning.accumulator_bits), reset_less=True)
        levels, taken = Signal.like(pulses, reset_less=False), Signal(learning.accumulator_bits)
        reachable = range(1, min(learning.max_pulses, limit // level) + 1)
        m.d.sync += moved.eq(saturate(weight.accumulator - weight.step, limit))
        height = Signal(learning.accumulator_bits)
        m.d.comb += [
            height.eq(magnitude(moved)),
            levels.eq(count_ones(height >= count * level for count in reachable)),
            taken.eq(levels * level),
            due.accumulator.eq(left),
        ]
        m.d.sync += [pulses.eq(levels), due.raised.eq(moved > 0), left.eq(moved + Mux(moved < 0, taken, -taken))]
