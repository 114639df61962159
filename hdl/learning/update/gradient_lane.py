"""One lane of the gradient: adds up the products of one row's words and one column's deltas."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.learning import ERROR_LIMIT, delta_bound, gradient_bound
from remora.spec.lib.fixed import signed_width


def delta_bits(design: DesignPoint) -> int:
    """Bits of what multiplies a word: a hidden unit's δ or a class's error."""
    return signed_width(max(delta_bound(design), ERROR_LIMIT))


def triple_bits(design: DesignPoint) -> int:
    """Bits of three times that."""
    return delta_bits(design) + 2


def gradient_bits(design: DesignPoint) -> int:
    """Bits of the gradient of one weight over a sequence of ``max_steps``, exact."""
    return signed_width(gradient_bound(design))


class GradientLane(wiring.Component):
    """``gradient`` += word · δ: each pair of bits of the word chooses 0, δ, 2δ or 3δ, its sign that of δ.

    All lanes of a column share the multiples, so a lane has no multiplier. A design point with
    ``learning.multipliers`` gives it one, and needs no multiples but δ and −δ.

    Rules L9 and L10.

    Ports:
        enable: adds ``word · δ`` to ``gradient`` at the end of the cycle.
        first: with ``enable``, starts the gradient anew.
        word: sign above magnitude, as streamed.
        delta: δ of the column.
        triple: 3δ.
        opposite: −δ.
        opposite_triple: −3δ.
        gradient: the sum so far; unknown until the first one has begun.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        super().__init__(
            {
                "enable": In(1),
                "first": In(1),
                "word": In(design.formats.stream_bits + 1),
                "delta": In(signed(delta_bits(design))),
                "triple": In(signed(triple_bits(design))),
                "opposite": In(signed(delta_bits(design))),
                "opposite_triple": In(signed(triple_bits(design))),
                "gradient": Out(signed(gradient_bits(design))),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        bits = self.design.formats.stream_bits
        gradient = Signal.like(self.gradient, name="sum", reset_less=True)
        once, triple = Signal.like(self.delta), Signal.like(self.triple, name="triple_by_sign")
        m.d.comb += [once.eq(Mux(self.word[bits], self.opposite, self.delta)), self.gradient.eq(gradient)]
        total = Mux(self.first, 0, gradient)
        if self.design.learning.multipliers:
            with m.If(self.enable):
                m.d.sync += gradient.eq(total + once * self.word[:bits])
            return m
        m.d.comb += triple.eq(Mux(self.word[bits], self.opposite_triple, self.triple))
        for low in range(0, bits, 2):
            part = Signal.like(self.triple, name=f"part_{low}")
            high = self.word[low + 1] if low + 1 < bits else Const(0, 1)
            m.d.comb += part.eq(Mux(high, Mux(self.word[low], triple, once << 1), Mux(self.word[low], once, 0)))
            # Cut to its width at each term, so that synthesis adds all of them in one tree of carries.
            total = (total + (part << low))[: len(gradient)].as_signed()
        with m.If(self.enable):
            m.d.sync += gradient.eq(total)
        return m
