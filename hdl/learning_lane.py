"""One lane of learning: the gradient of one wordline's weight, its accumulator, and the pulses that fall due."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.fixed import count_ones, magnitude, round_shift, saturate
from spec.design import DesignPoint
from spec.fixed import signed_width, unsigned_width
from spec.learning import ERROR_LIMIT, delta_bound, gradient_bound


def delta_bits(design: DesignPoint) -> int:
    """Bits of what multiplies a word: a hidden unit's δ or a class's error."""
    return signed_width(max(delta_bound(design), ERROR_LIMIT))


def gradient_bits(design: DesignPoint) -> int:
    """Bits of the gradient of one weight over a sequence of ``max_steps``, exact."""
    return signed_width(gradient_bound(design))


class LearningLane(wiring.Component):
    """``enable`` adds ``word · delta`` to ``gradient`` at the end of the cycle, or starts anew with ``first``; ``word``
    is the sign above the magnitude, as streamed.

    Combinationally, from ``gradient`` G and ``accumulator`` χ: ``sat(χ − rs(G, s))``, with s of the readout while
    ``readout``; ``pulses`` is how many whole levels that holds, toward zero, at most ``max_pulses``; ``raised`` its
    sign; and ``next_accumulator`` what is left when these levels are taken away.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        accumulator = signed(design.learning.accumulator_bits)
        super().__init__(
            {
                "enable": In(1),
                "first": In(1),
                "word": In(design.formats.stream_bits + 1),
                "delta": In(signed(delta_bits(design))),
                "gradient": Out(signed(gradient_bits(design))),
                "readout": In(1),
                "accumulator": In(accumulator),
                "next_accumulator": Out(accumulator),
                "pulses": Out(unsigned_width(design.learning.max_pulses)),
                "raised": Out(1),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        learning, bits = self.design.learning, self.design.formats.stream_bits
        limit = (1 << (learning.accumulator_bits - 1)) - 1
        product = Signal(signed(bits + len(self.delta) + 1))
        size = self.word[:bits] * self.delta
        m.d.comb += product.eq(Mux(self.word[bits], -size, size))
        with m.If(self.enable):
            m.d.sync += self.gradient.eq(Mux(self.first, 0, self.gradient) + product)

        change = Signal(signed(len(self.gradient) + 1))
        moved = Signal(signed(learning.accumulator_bits))
        height, taken = Signal(learning.accumulator_bits), Signal(learning.accumulator_bits)
        hidden, readout = (
            round_shift(self.gradient, shift) for shift in (learning.hidden_shift, learning.readout_shift)
        )
        level = learning.accumulator_level
        reachable = range(1, min(learning.max_pulses, limit // level) + 1)
        m.d.comb += [
            change.eq(Mux(self.readout, readout, hidden)),
            moved.eq(saturate(self.accumulator - change, limit)),
            height.eq(magnitude(moved)),
            self.pulses.eq(count_ones(height >= pulses * level for pulses in reachable)),
            self.raised.eq(moved > 0),
            taken.eq(self.pulses * level),
            self.next_accumulator.eq(moved + Mux(moved < 0, taken, -taken)),
        ]
        return m
