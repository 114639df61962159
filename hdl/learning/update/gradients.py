# amaranth: UnusedElaboratable=no
"""Gradients: learning lanes for the rows of a group of columns, all at once or fold after fold."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.learning.update.gradient_lane import GradientLane, delta_bits, gradient_bits
from remora.hdl.lib.features import feature_word
from remora.hdl.lib.hierarchy import add_submodule
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.formats import FEATURE_BITS
from remora.spec.lib.fixed import unsigned_width


class Gradients(wiring.Component):
    """Lane l works on row ``fold_index·lanes + l`` in the row order of the hidden layer: features, states, bias; the
    readout's rows are the last ``hidden + 1``. Lanes beyond the last row see words of 0.

    The bias line's word is ``stream_limit``. The words are registered once for all columns; each column has a lane a
    row.

    Rules L9 and L10.

    Ports:
        features: as stored; read as 0 while ``readout``.
        words: one a hidden unit, sign above magnitude.
        zero_states: ``words`` are read as 0.
        readout: the columns are the readout's.
        fold_index: the fold of the rows.
        load: takes words and ``deltas`` of a step at the end of the cycle.
        deltas: of the columns, the first in the low bits.
        add: in a cycle after ``load``, every lane adds ``word · delta``.
        first: with ``add``, every lane starts anew.
        gradients: of every lane of the first column, then of the next.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        network, bits, columns = design.network, design.formats.stream_bits, design.learning.columns
        super().__init__(
            {
                "features": In(FEATURE_BITS * network.features),
                "words": In((bits + 1) * network.hidden),
                "zero_states": In(1),
                "readout": In(1),
                "fold_index": In(unsigned_width(design.learning_folds - 1)),
                "load": In(1),
                "deltas": In(delta_bits(design) * columns),
                "add": In(1),
                "first": In(1),
                "gradients": Out(gradient_bits(design) * design.learning_lanes * columns),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        columns, lanes = range(self.design.learning.columns), range(self.design.learning_lanes)
        word_bits, bits = self.design.formats.stream_bits + 1, delta_bits(self.design)
        words = Signal(word_bits * len(lanes), name="lane_words", reset_less=True)
        shapes, multiples = GradientLane(self.design).signature.members, []
        with m.If(self.load):
            m.d.sync += words.eq(self._fold(m, Cat(*self._words(m)), len(words)))
        for column in columns:
            delta = self.deltas.word_select(column, bits).as_signed()
            triple = delta + (delta << 1)
            values = {"delta": delta, "triple": triple, "opposite": -delta, "opposite_triple": -triple}
            kept = {name: Signal(shapes[name].shape, name=f"{name}_{column}", reset_less=True) for name in values}
            multiples.append(kept)
            with m.If(self.load):
                m.d.sync += [kept[name].eq(value) for name, value in values.items()]
        # Equal lanes share one Verilog module, so all but the first are never elaborated: see the file's first line.
        gradients = []
        for column in columns:
            for row in lanes:
                lane = add_submodule(m, f"lane_{row}_of_{column}", GradientLane(self.design))
                m.d.comb += [
                    lane.word.eq(words.word_select(row, word_bits)),
                    lane.enable.eq(self.add),
                    lane.first.eq(self.first),
                    *(getattr(lane, name).eq(multiple) for name, multiple in multiples[column].items()),
                ]
                gradients.append(lane.gradient)
        m.d.comb += self.gradients.eq(Cat(*gradients))
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
