"""Bit streamer: puts ``[features ; states ; 1]`` on the wordlines, one bit plane at a time, the sign as polarity."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.crossbar.control import Streaming
from remora.hdl.lib.features import feature_word
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.formats import FEATURE_BITS


class BitStreamer(wiring.Component):
    """Combinational. Row order as in :mod:`remora.spec.crossbar.layout`.

    The readout's wordlines are the last ``hidden + 1``.

    Rules F4 to F7 and B6.

    Ports:
        features: as stored, 8 bits each.
        words: one a hidden unit, ``stream_bits`` of magnitude below one sign bit; read as 0 while ``control.first``.
        control: what is streamed; without ``enable`` all wordlines are 0.
        wl_pos: bit ``control.plane`` of each row whose word is not negative.
        wl_neg: bit ``control.plane`` of each row whose word is negative.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        network, bits = design.network, design.formats.stream_bits
        super().__init__(
            {
                "features": In(FEATURE_BITS * network.features),
                "words": In((bits + 1) * network.hidden),
                "control": In(Streaming(design)),
                "wl_pos": Out(design.wordlines),
                "wl_neg": Out(design.wordlines),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        network, bits = self.design.network, self.design.formats.stream_bits
        rows = [feature_word(m, self.design, self.features, index) for index in range(network.features)]
        for index in range(network.hidden):
            word = self.words.word_select(index, bits + 1)
            rows.append((word[:bits], word[bits]))

        planes, negative = Signal(self.design.wordlines), Signal(self.design.wordlines)
        mask = Signal(self.design.wordlines)
        states = Cat(Const(0, network.features), Const(-1, network.hidden).as_unsigned(), Const(0, 1))
        # Apart, since the words of states alone have all bits.
        parts = {"features": rows[: network.features], "states": rows[network.features :]}
        shown = {name: Signal(len(words), name=f"{name}_shown") for name, words in parts.items()}
        with m.Switch(self.control.plane):
            for plane in range(bits):
                with m.Case(plane):
                    m.d.comb += [shown[name].eq(Cat(*(_bit(w, plane) for w, _ in parts[name]))) for name in parts]
        m.d.comb += [
            planes.eq(Cat(*shown.values(), Const(1, 1))),
            negative.eq(Cat(*(sign for _, sign in rows), Const(0, 1))),
        ]
        with m.If(self.control.enable):
            m.d.comb += mask.eq(-1)
            with m.If(self.control.first):
                m.d.comb += mask.eq(~states)
        m.d.comb += [self.wl_pos.eq(planes & mask & ~negative), self.wl_neg.eq(planes & mask & negative)]
        return m


def _bit(word: Value, plane: int) -> Value:
    """A bit of a word; 0 above its highest."""
    return word[plane] if plane < len(word) else Const(0, 1)
