"""One lane of an update: from the gradient of one weight to the pulses that fall due, a stage a cycle."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.learning.update.gradient_lane import gradient_bits
from remora.hdl.lib.fixed import count_ones, magnitude, saturate
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.learning import MOST_RATE_SHIFT, pulse_shift
from remora.spec.lib.fixed import unsigned_width


def dropped_bits(design: DesignPoint) -> int:
    """Low bits of a gradient that no rate reaches: no rule rounds by them."""
    return max(0, min(design.learning.hidden_shift, design.learning.readout_shift) - 1)


def kept_bits(design: DesignPoint) -> int:
    """Bits of a gradient above those."""
    return max(2, gradient_bits(design) - dropped_bits(design))


class UpdateLane(wiring.Component):
    """From ``gradient`` G in cycle t: S = rs(G, s + ``rate_shift``), with s of the readout while ``readout``.

    * `accumulate`: from ``accumulator`` χ in cycle t + 1, ``sat(χ − S)``; ``pulses`` are the whole levels that it
      holds, toward zero, ``raised`` its sign, and ``next_accumulator`` what is left when these levels are taken away.
    * `direct`: ``pulses`` are the whole levels of \\|S\\| + ``random``, and ``raised`` is the sign against S.

    Rules L11 to L14.

    Ports:
        gradient: without its `dropped_bits`, in cycle t.
        readout: the column is the readout's, in cycle t.
        rate_shift: halvings of the layer's rate, in cycle t.
        pulses: how many fall due, at most ``max_pulses``, in cycle t + `ROUNDED`.
        raised: they raise the weight, in cycle t + `ROUNDED`.
        accumulator: of a design that accumulates, χ, in cycle t + 1.
        next_accumulator: of a design that accumulates, the new χ, in cycle t + `ROUNDED`.
        random: of a design that does not, what decides the rounding, in cycle t.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        accumulator = signed(design.learning.accumulator_bits)
        ways = {
            "accumulate": {"accumulator": In(accumulator), "next_accumulator": Out(accumulator)},
            "direct": {"random": In(pulse_shift(design))},
        }
        super().__init__(
            {
                "gradient": In(signed(kept_bits(design))),
                "readout": In(1),
                "rate_shift": In(MOST_RATE_SHIFT.bit_length()),
                "pulses": Out(unsigned_width(design.learning.max_pulses)),
                "raised": Out(1),
                **ways[design.learning.update],
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        change = Signal(signed(len(self.gradient) + 1), name="change", reset_less=True)
        m.d.sync += change.eq(self._change(m))
        pulses, raised = Signal.like(self.pulses, reset_less=True), Signal(reset_less=True)
        m.d.comb += [self.pulses.eq(pulses), self.raised.eq(raised)]
        if self.design.learning.update == "accumulate":
            self._accumulate(m, change, pulses, raised)
        else:
            self._round(m, change, pulses, raised)
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

    def _accumulate(self, m: Module, change: Signal, pulses: Signal, raised: Signal) -> None:
        learning = self.design.learning
        limit, level = (1 << (learning.accumulator_bits - 1)) - 1, learning.accumulator_level
        moved = Signal(signed(learning.accumulator_bits), reset_less=True)
        left = Signal(signed(learning.accumulator_bits), reset_less=True)
        due, taken = Signal.like(self.pulses), Signal(learning.accumulator_bits)
        reachable = range(1, min(learning.max_pulses, limit // level) + 1)
        m.d.sync += moved.eq(saturate(self.accumulator - change, limit))
        height = Signal(learning.accumulator_bits)
        m.d.comb += [
            height.eq(magnitude(moved)),
            due.eq(count_ones(height >= pulses * level for pulses in reachable)),
            taken.eq(due * level),
            self.next_accumulator.eq(left),
        ]
        m.d.sync += [pulses.eq(due), raised.eq(moved > 0), left.eq(moved + Mux(moved < 0, taken, -taken))]

    def _round(self, m: Module, change: Signal, pulses: Signal, raised: Signal) -> None:
        most, shift = self.design.learning.max_pulses, pulse_shift(self.design)
        random, lowered = Signal.like(self.random, name="rounds_by", reset_less=True), Signal(reset_less=True)
        levels = Signal(len(change) + 1 - shift if len(change) + 1 > shift else 1, reset_less=True)
        m.d.sync += [
            random.eq(self.random),
            levels.eq((magnitude(change) + random) >> shift),
            lowered.eq(change >= 0),
            pulses.eq(Mux(levels > most, most, levels)),
            raised.eq(~lowered),
        ]
