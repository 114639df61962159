"""What the self-test knows of the two devices of a pair, and which of them it pulses next."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.self_test.plan import BURST_PULSES, BURSTS, MOST_PULSES, RETURNS, THRESHOLD_BITS, SelfTestPlan
from remora.spec.lib.fixed import unsigned_width

MOVED_BITS = unsigned_width(BURSTS)
"""In which burst a device has moved, from 1 on; 0 of one that has not."""


def pair_bits(design: DesignPoint) -> int:
    """Width of what is known of a pair: three sums, the direction, and the burst in which each device moved."""
    return 3 * SelfTestPlan.of(design).sum_bits + 1 + 2 * MOVED_BITS


class PairDecider(wiring.Component):
    """Combinational.

    Rules S1 and S3 to S5.

    Ports:
        known: of the pair, as it is.
        code: of the sample.
        first: the sample is the first of its sum.
        summed: ``known`` with the code added to the sum.
        side: the device that is tested.
        base: a decision after the first sum of a side, else after a burst or in a return.
        returning: a decision in a return.
        number: of the burst before, or of the return.
        left_out: the pair lies in a dead column, or in none.
        threshold: of movement.
        decided: ``known`` after the decision.
        up: the device is raised next.
        down: it is lowered next.
        stuck_pos: as ``known`` says, g⁺ has not moved.
        stuck_neg: likewise g⁻.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design, self.plan = design, SelfTestPlan.of(design)
        width = pair_bits(design)
        super().__init__(
            {
                "known": In(width),
                "code": In(signed(design.formats.adc_bits)),
                "first": In(1),
                "summed": Out(width),
                "side": In(1),
                "base": In(1),
                "returning": In(1),
                "number": In(range(max(BURSTS, RETURNS))),
                "left_out": In(1),
                "threshold": In(THRESHOLD_BITS),
                "decided": Out(width),
                "up": Out(1),
                "down": Out(1),
                "stuck_pos": Out(1),
                "stuck_neg": Out(1),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        bits, plan = self.plan.sum_bits, self.plan
        now, before, target = (self.known.word_select(index, bits).as_signed() for index in range(3))
        lowers_first = self.known[3 * bits]
        moved_pos, moved_neg = (self.known[3 * bits + 1 :].word_select(side, MOVED_BITS) for side in (0, 1))
        total, moved = Signal(signed(bits)), Signal(MOVED_BITS)
        m.d.comb += [
            total.eq(self.code + Mux(self.first, 0, now)),
            self.summed.eq(Cat(total, self.known[bits:])),
            moved.eq(Mux(self.side, moved_neg, moved_pos)),
            self.stuck_pos.eq(moved_pos == 0),
            self.stuck_neg.eq(moved_neg == 0),
        ]
        own, change, short = Signal(signed(bits + 1)), Signal(signed(bits + 1)), Signal(signed(bits + 1))
        distance, missing, far = Signal(bits + 1), Signal(bits + 1), Signal()
        m.d.comb += [
            own.eq(Mux(self.side, -now, now)),
            change.eq(now - before),
            short.eq(target - now),
            distance.eq(Mux(change < 0, -change, change)),
            missing.eq(Mux(short < 0, -short, short)),
            far.eq(missing > plan.tolerance),
        ]
        next_moved, lowers, next_target = Signal(MOVED_BITS), Signal(), Signal(signed(bits))
        m.d.comb += [next_moved.eq(moved), lowers.eq(lowers_first), next_target.eq(target)]
        pulsed, raises = Signal(), Signal()
        with m.If(self.returning):
            left = BURST_PULSES * moved + self.number < MOST_PULSES
            m.d.comb += [
                pulsed.eq(~self.left_out & moved.any() & left & far),
                raises.eq((short > 0) ^ self.side),
            ]
        with m.Elif(self.base):
            m.d.comb += [
                next_moved.eq(self.left_out),
                lowers.eq(own > plan.middle),
                next_target.eq(Mux(self.side, target, now)),
                pulsed.eq(~self.left_out),
                raises.eq(~lowers),
            ]
        with m.Else():
            with m.If((moved == 0) & (distance >= self.threshold)):
                m.d.comb += next_moved.eq(self.number + 1)
            # After an even burst comes one the other way.
            m.d.comb += [
                pulsed.eq((next_moved == 0) & (self.number != BURSTS - 1)),
                raises.eq(~(lowers_first ^ ~self.number[0])),
            ]
        kept = Mux(self.returning, before, now)
        m.d.comb += [
            self.up.eq(pulsed & raises),
            self.down.eq(pulsed & ~raises),
            self.decided.eq(
                Cat(
                    now,
                    kept[:bits],
                    next_target,
                    lowers,
                    Mux(self.side, moved_pos, next_moved),
                    Mux(self.side, next_moved, moved_neg),
                )
            ),
        ]
        return m
