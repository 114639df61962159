# amaranth: UnusedElaboratable=no
"""Outer product: learning lanes for the rows of one column of weights, all at once or fold after fold."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.learning.learning_lane import LearningLane, delta_bits, gradient_bits
from remora.hdl.lib.features import feature_word
from remora.hdl.lib.hierarchy import add_submodule
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.formats import FEATURE_BITS
from remora.spec.crossbar.learning import MOST_RATE_SHIFT, pulse_shift
from remora.spec.lib.fixed import unsigned_width


class OuterProduct(wiring.Component):
    """Lane l works on row ``fold_index·lanes + l`` in the row order of the hidden layer: features, states, bias; the
    readout's rows are the last ``hidden + 1``. Lanes beyond the last row see words of 0.

    The bias line's word is ``stream_limit``. What has an entry a lane is as of
    :class:`remora.hdl.learning.learning_lane.LearningLane`, lane 0 in the low bits.

    Rules L9 and L10.

    Ports:
        features: as stored; read as 0 while ``readout``.
        words: one a hidden unit, sign above magnitude.
        zero_states: ``words`` are read as 0.
        readout: the column is the readout's.
        rate_shift: halvings of the layer's rate.
        fold_index: the fold of the column.
        enable: every lane adds ``word · delta``.
        first: with ``enable``, every lane starts anew.
        delta: of the column.
        gradients: of every lane.
        pulses: of every lane.
        raised: of every lane.
        accumulators: of a design that accumulates, χ of every lane.
        next_accumulators: of a design that accumulates, the new χ of every lane.
        random: of a design that does not, what decides the rounding, for every lane.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        network, lanes, bits = design.network, design.learning_lanes, design.formats.stream_bits
        accumulators = design.learning.accumulator_bits * lanes
        ways = {
            "accumulate": {"accumulators": In(accumulators), "next_accumulators": Out(accumulators)},
            "direct": {"random": In(pulse_shift(design) * lanes)},
        }
        super().__init__(
            {
                "features": In(FEATURE_BITS * network.features),
                "words": In((bits + 1) * network.hidden),
                "zero_states": In(1),
                "readout": In(1),
                "rate_shift": In(MOST_RATE_SHIFT.bit_length()),
                "fold_index": In(unsigned_width(design.learning_folds - 1)),
                "enable": In(1),
                "first": In(1),
                "delta": In(signed(delta_bits(design))),
                "gradients": Out(gradient_bits(design) * lanes),
                "pulses": Out(unsigned_width(design.learning.max_pulses) * lanes),
                "raised": Out(lanes),
                **ways[design.learning.update],
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        # Equal lanes share one Verilog module, so all but the first are never elaborated: see the file's first line.
        lanes = [LearningLane(self.design) for _ in range(self.design.learning_lanes)]
        word_bits = self.design.formats.stream_bits + 1
        words = self._fold(m, Cat(*self._words(m)), word_bits * len(lanes))
        for index, lane in enumerate(lanes):
            add_submodule(m, f"lane_{index}", lane)
            m.d.comb += [
                lane.word.eq(words.word_select(index, word_bits)),
                lane.enable.eq(self.enable),
                lane.first.eq(self.first),
                lane.delta.eq(self.delta),
                lane.readout.eq(self.readout),
                lane.rate_shift.eq(self.rate_shift),
            ]
        collected = {"gradients": "gradient", "pulses": "pulses", "raised": "raised"}
        if self.design.learning.update == "accumulate":
            collected["next_accumulators"] = "next_accumulator"
            spread = {"accumulator": self.accumulators}
        else:
            spread = {"random": self.random}
        for name, whole in spread.items():
            width = len(getattr(lanes[0], name))
            m.d.comb += [getattr(lane, name).eq(whole.word_select(i, width)) for i, lane in enumerate(lanes)]
        for name, part in collected.items():
            m.d.comb += getattr(self, name).eq(Cat(*(getattr(lane, part) for lane in lanes)))
        return m

    def _fold(self, m: Module, words, width: int):
        """The words of the present fold."""
        folded = Signal(width, name="folded_words")
        if self.design.learning_folds == 1:
            m.d.comb += folded.eq(words)
        else:
            m.d.comb += folded.eq(words.word_select(self.fold_index, width))
        return folded

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
        yield Const(self.design.formats.stream_limit, bits + 1)
