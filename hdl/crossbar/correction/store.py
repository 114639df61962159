"""Correction store: what is added to the code of each column, in flip-flops."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.columns import folds, lanes_of
from remora.spec.crossbar.correction.plan import COLUMN_BITS
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, layer_layout
from remora.spec.lib.fixed import unsigned_width


class CorrectionStore(wiring.Component):
    """Hands out the offsets of a group of columns in the cycle in which it is asked for; the reset clears all.

    Rule K1.

    Ports:
        hidden_fold: the group of the hidden layer that is asked for.
        hidden_added: for each lane what is added to the code of its column, ``adc_bits`` each, signed; in the same
            cycle.
        readout_fold: likewise of the readout.
        readout_added: likewise.
        silent: nothing is added.
        store: stores ``stored`` for the columns of a group; never together with ``write``.
        store_layer: 0 the hidden layer, 1 the readout.
        store_fold: the group.
        stored: offsets of the lanes, as of ``hidden_added``; those beyond the last column are ignored.
        layer: of the column that the host sees.
        column: of that layer.
        offset: of that column; 0 of one that the layer lacks.
        write: stores ``offset_value`` for that column.
        offset_value: offset that is stored.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design, self.bits = design, design.formats.adc_bits
        self.lanes = {layer: lanes_of(design, layer) for layer in Layer}
        self.folds = {layer: folds(design, layer, self.lanes[layer]) for layer in Layer}
        groups = {layer: unsigned_width(count - 1) for layer, count in self.folds.items()}
        ports: dict[str, wiring.Member] = {}
        for layer in Layer:
            name = layer.name.lower()
            ports |= {f"{name}_fold": In(groups[layer]), f"{name}_added": Out(self.bits * self.lanes[layer])}
        super().__init__(
            {
                **ports,
                "silent": In(1),
                "store": In(1),
                "store_layer": In(1),
                "store_fold": In(max(groups.values())),
                "stored": In(self.bits * max(self.lanes.values())),
                "layer": In(1),
                "column": In(COLUMN_BITS),
                "offset": Out(self.bits),
                "write": In(1),
                "offset_value": In(self.bits),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        for layer in Layer:
            self._add_layer(m, layer)
        return m

    def _add_layer(self, m: Module, layer: Layer) -> None:
        name, lanes, bits = layer.name.lower(), self.lanes[layer], self.bits
        columns = layer_layout(self.design, layer).columns
        words = [Signal(bits, name=f"{name}_{column}") for column in range(columns)]
        shown, here, stores = Signal(bits, name=f"{name}_shown"), self.layer == layer, self.store_layer == layer
        for column, word in enumerate(words):
            fold, lane = divmod(column, lanes)
            with m.If(self.write & here & (self.column == column)):
                m.d.sync += word.eq(self.offset_value)
            with m.Elif(self.store & stores & (self.store_fold == fold)):
                m.d.sync += word.eq(self.stored.word_select(lane, bits))
        with m.Switch(self.column):
            for column, word in enumerate(words):
                with m.Case(column):
                    m.d.comb += shown.eq(word)
        with m.If(here):
            m.d.comb += self.offset.eq(shown)
        group = Signal(bits * lanes, name=f"{name}_group")
        with m.Switch(getattr(self, f"{name}_fold")):
            for fold in range(self.folds[layer]):
                with m.Case(fold):
                    m.d.comb += group.eq(_padded(words[fold * lanes : (fold + 1) * lanes], bits * lanes))
        m.d.comb += getattr(self, f"{name}_added").eq(Mux(self.silent, 0, group))


def _padded(words: list[Signal], bits: int) -> Value:
    """Words from the low bits up; 0 above."""
    return Cat(*words, Const(0, bits - sum(len(word) for word in words)))
