# amaranth: UnusedElaboratable=no
"""Outer product: one learning lane a wordline, all working on one column of weights."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.bit_streamer import feature_word
from hdl.hierarchy import place
from hdl.learning_lane import LearningLane, delta_bits, gradient_bits
from spec.design import FEATURE_BITS, DesignPoint
from spec.fixed import unsigned_width


class OuterProduct(wiring.Component):
    """Lanes in the row order of the hidden layer: features, states, bias; the readout's rows are the last ``hidden +
    1``.

    ``features``: as stored; read as 0 while ``readout``. ``words``: one a hidden unit, sign above magnitude; read as 0
    while ``zero_states``. The bias line's word is ``stream_limit``. ``enable``, ``first``, ``delta``, ``readout`` go to
    every lane; ``accumulators``, ``gradients``, ``next_accumulators``, ``pulses`` and ``raised`` are those of
    :class:`hdl.learning_lane.LearningLane`, row 0 in the low bits.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        network, rows, bits = design.network, design.hidden_rows, design.formats.stream_bits
        super().__init__(
            {
                "features": In(FEATURE_BITS * network.features),
                "words": In((bits + 1) * network.hidden),
                "zero_states": In(1),
                "readout": In(1),
                "enable": In(1),
                "first": In(1),
                "delta": In(signed(delta_bits(design))),
                "accumulators": In(design.learning.accumulator_bits * rows),
                "gradients": Out(gradient_bits(design) * rows),
                "next_accumulators": Out(design.learning.accumulator_bits * rows),
                "pulses": Out(unsigned_width(design.learning.max_pulses) * rows),
                "raised": Out(rows),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        # Equal lanes share one Verilog module, so all but the first are never elaborated: see the file's first line.
        lanes = [LearningLane(self.design) for _ in range(self.design.hidden_rows)]
        for index, (lane, word) in enumerate(zip(lanes, self._words(m), strict=True)):
            place(m, f"lane_{index}", lane)
            m.d.comb += [
                lane.word.eq(word),
                lane.enable.eq(self.enable),
                lane.first.eq(self.first),
                lane.delta.eq(self.delta),
                lane.readout.eq(self.readout),
                lane.accumulator.eq(self.accumulators.word_select(index, len(lane.accumulator))),
            ]
        m.d.comb += [
            self.gradients.eq(Cat(*(lane.gradient for lane in lanes))),
            self.next_accumulators.eq(Cat(*(lane.next_accumulator for lane in lanes))),
            self.pulses.eq(Cat(*(lane.pulses for lane in lanes))),
            self.raised.eq(Cat(*(lane.raised for lane in lanes))),
        ]
        return m

    def _words(self, m: Module):
        """Every row's word as the streamer put it on the wordline."""
        network, bits = self.design.network, self.design.formats.stream_bits
        for index in range(network.features):
            size, sign = feature_word(m, self.design, self.features, index)
            word = Signal(bits + 1, name=f"feature_{index}_word")
            m.d.comb += word.eq(Mux(self.readout, 0, Cat(size, Const(0, bits - len(size)), sign)))
            yield word
        for index in range(network.hidden):
            yield Mux(self.zero_states, 0, self.words.word_select(index, bits + 1))
        yield Const(self.design.stream_limit, bits + 1)
