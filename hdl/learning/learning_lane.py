"""One lane of learning: the gradient of one wordline's weight, and the pulses that fall due."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.fixed import count_ones, magnitude, saturate
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.learning import ERROR_LIMIT, MOST_RATE_SHIFT, delta_bound, gradient_bound, pulse_shift
from remora.spec.lib.fixed import signed_width, unsigned_width


def delta_bits(design: DesignPoint) -> int:
    """Bits of what multiplies a word: a hidden unit's δ or a class's error."""
    return signed_width(max(delta_bound(design), ERROR_LIMIT))


def gradient_bits(design: DesignPoint) -> int:
    """Bits of the gradient of one weight over a sequence of ``max_steps``, exact."""
    return signed_width(gradient_bound(design))


class LearningLane(wiring.Component):
    """One row of a column: adds up its gradient, and says which pulses it makes due.

    Combinationally, from ``gradient`` G: S = rs(G, s + ``rate_shift``), with s of the readout while ``readout``.

    * `accumulate`: from ``accumulator`` χ, ``sat(χ − S)``; ``pulses`` are the whole levels that it holds, toward zero,
      ``raised`` its sign, and ``next_accumulator`` what is left when these levels are taken away.
    * `direct`: ``pulses`` are the whole levels of \\|S\\| + ``random``, and ``raised`` is the sign against S.

    Rules L9 to L14.

    Ports:
        enable: adds ``word · delta`` to ``gradient`` at the end of the cycle.
        first: with ``enable``, starts the gradient anew.
        word: sign above magnitude, as streamed.
        delta: of the column.
        gradient: the sum so far.
        readout: the column is the readout's.
        rate_shift: halvings of the layer's rate.
        pulses: how many fall due, at most ``max_pulses``.
        raised: they raise the weight.
        accumulator: of a design that accumulates, χ.
        next_accumulator: of a design that accumulates, the new χ.
        random: of a design that does not, what decides the rounding.
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
                "enable": In(1),
                "first": In(1),
                "word": In(design.formats.stream_bits + 1),
                "delta": In(signed(delta_bits(design))),
                "gradient": Out(signed(gradient_bits(design))),
                "readout": In(1),
                "rate_shift": In(MOST_RATE_SHIFT.bit_length()),
                "pulses": Out(unsigned_width(design.learning.max_pulses)),
                "raised": Out(1),
                **ways[design.learning.update],
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        bits = self.design.formats.stream_bits
        product = Signal(signed(bits + len(self.delta) + 1))
        size = self.word[:bits] * self.delta
        m.d.comb += product.eq(Mux(self.word[bits], -size, size))
        with m.If(self.enable):
            m.d.sync += self.gradient.eq(Mux(self.first, 0, self.gradient) + product)
        change = self._change(m)
        if self.design.learning.update == "accumulate":
            self._accumulate(m, change)
        else:
            self._round(m, change)
        return m

    def _change(self, m: Module) -> Value:
        """S: a shift that leaves one bit too many, chosen among constants, then half is added and that bit dropped."""
        learning, gradient = self.design.learning, self.gradient
        almost = Signal(signed(len(gradient) + 1))
        with m.Switch(Cat(self.rate_shift, self.readout)):
            for readout, shift in enumerate((learning.hidden_shift, learning.readout_shift)):
                for rate_shift in range(MOST_RATE_SHIFT + 1):
                    with m.Case(readout << len(self.rate_shift) | rate_shift):
                        total = shift + rate_shift
                        m.d.comb += almost.eq(gradient >> (total - 1) if total else gradient << 1)
        change = Signal(signed(len(gradient) + 1))
        m.d.comb += change.eq((almost + 1) >> 1)
        return change

    def _accumulate(self, m: Module, change: Value) -> None:
        learning = self.design.learning
        limit, level = (1 << (learning.accumulator_bits - 1)) - 1, learning.accumulator_level
        moved = Signal(signed(learning.accumulator_bits))
        height, taken = Signal(learning.accumulator_bits), Signal(learning.accumulator_bits)
        reachable = range(1, min(learning.max_pulses, limit // level) + 1)
        m.d.comb += [
            moved.eq(saturate(self.accumulator - change, limit)),
            height.eq(magnitude(moved)),
            self.pulses.eq(count_ones(height >= pulses * level for pulses in reachable)),
            self.raised.eq(moved > 0),
            taken.eq(self.pulses * level),
            self.next_accumulator.eq(moved + Mux(moved < 0, taken, -taken)),
        ]

    def _round(self, m: Module, change: Value) -> None:
        most, shift = self.design.learning.max_pulses, pulse_shift(self.design)
        levels = Signal(len(change) + 1)
        m.d.comb += [
            levels.eq((magnitude(change) + self.random) >> shift),
            self.pulses.eq(Mux(levels > most, most, levels)),
            self.raised.eq(change < 0),
        ]
