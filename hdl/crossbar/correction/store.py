"""Correction store: what is added to the code of each column, in flip-flops."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.crossbar.correction.host import BiasPort, CorrectionPointer
from remora.hdl.lib.columns import folds, lanes_of
from remora.hdl.lib.fixed import round_shift, saturate
from remora.spec.crossbar.correction.plan import added_bits, bias_bits
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, adc_shift, layer_layout
from remora.spec.lib.fixed import unsigned_width


class CorrectionStore(wiring.Component):
    """Hands out what is added to a group of columns in the cycle in which it is asked for; the reset clears all.

    Rules K1 and K5.

    Ports:
        hidden_fold: the group of the hidden layer that is asked for.
        hidden_added: for each lane what is added to the code of its column, ``added_bits`` each, signed; in the same
            cycle.
        readout_fold: likewise of the readout.
        readout_added: likewise.
        hidden_bias: the digital bias of a column of the hidden layer, and its pulses; where the design has some.
        readout_bias: likewise of the readout.
        silent: nothing is added.
        store: stores ``stored`` for the columns of a group; never together with a write of the host.
        store_layer: 0 the hidden layer, 1 the readout.
        store_fold: the group.
        stored: offsets of the lanes, ``adc_bits`` each; those beyond the last column are ignored.
        pointed: the column that the host sees and writes.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        self.lanes = {layer: lanes_of(design, layer) for layer in Layer}
        self.folds = {layer: folds(design, layer, self.lanes[layer]) for layer in Layer}
        groups = {layer: unsigned_width(count - 1) for layer, count in self.folds.items()}
        ports: dict[str, wiring.Member] = {"silent": In(1), "pointed": In(CorrectionPointer(design))}
        for layer in Layer:
            name = layer.name.lower()
            ports |= {f"{name}_fold": In(groups[layer]), f"{name}_added": Out(added_bits(design) * self.lanes[layer])}
            ports |= {f"{name}_bias": In(BiasPort(design))} if design.capabilities.digital_bias else {}
        if design.capabilities.calibrates:
            bits = design.formats.adc_bits * max(self.lanes.values())
            ports |= {
                "store": In(1), "store_layer": In(1), "store_fold": In(max(groups.values())), "stored": In(bits),
            }  # fmt: skip
        super().__init__(ports)

    def elaborate(self, platform) -> Module:
        m = Module()
        for layer in Layer:
            columns = range(layer_layout(self.design, layer).columns)
            added: list[Value] = [Const(0)] * len(columns)
            if self.design.capabilities.calibrates:
                added = [value + word for value, word in zip(added, self._offsets(m, layer, columns), strict=True)]
            if self.design.capabilities.digital_bias:
                added = [value + word for value, word in zip(added, self._biases(m, layer, columns), strict=True)]
            self._hand_out(m, layer, added)
        return m

    def _offsets(self, m: Module, layer: Layer, columns: range) -> list[Signal]:
        """The offsets of a layer. Rule K1."""
        bits, pointed = self.design.formats.adc_bits, self.pointed
        words = [Signal(signed(bits), name=f"{layer.name.lower()}_offset_{column}") for column in columns]
        for column, word in enumerate(words):
            fold, lane = divmod(column, self.lanes[layer])
            with m.If(pointed.write & (pointed.layer == layer) & (pointed.column == column)):
                m.d.sync += word.eq(pointed.offset_value)
            with m.Elif(self.store & (self.store_layer == layer) & (self.store_fold == fold)):
                m.d.sync += word.eq(self.stored.word_select(lane, bits))
        with m.If(pointed.layer == layer):
            m.d.comb += pointed.offset.eq(_of_column(m, words, pointed.column, f"{layer.name.lower()}_offset"))
        return words

    def _biases(self, m: Module, layer: Layer, columns: range) -> list[Value]:
        """What the digital biases of a layer are worth, in codes. Rules K5 to K7."""
        name, most, pointed = layer.name.lower(), self.design.crossbar.weight_limit, self.pointed
        port = getattr(self, f"{name}_bias")
        words = [Signal(signed(bias_bits(self.design)), name=f"{name}_bias_{column}") for column in columns]
        written = Signal(signed(bias_bits(self.design)), name=f"{name}_written")
        m.d.comb += written.eq(saturate(pointed.bias_value.as_signed(), most))
        for column, word in enumerate(words):
            with m.If(pointed.write_bias & (pointed.layer == layer) & (pointed.column == column)):
                m.d.sync += word.eq(written)
            with m.Elif(port.step & (port.column == column)):
                with m.If(port.raises & (word < most)):
                    m.d.sync += word.eq(word + 1)
                with m.If(~port.raises & (word > -most)):
                    m.d.sync += word.eq(word - 1)
        with m.If(pointed.layer == layer):
            m.d.comb += pointed.bias.eq(_of_column(m, words, pointed.column, f"{name}_pointed"))
        m.d.comb += port.bias.eq(_of_column(m, words, port.column, f"{name}_selected"))
        planes, shift = self.design.formats.stream_bits, adc_shift(self.design, layer)
        return [round_shift((word << planes) - word, shift) for word in words]

    def _hand_out(self, m: Module, layer: Layer, added: list[Value]) -> None:
        name, lanes, bits = layer.name.lower(), self.lanes[layer], added_bits(self.design)
        words = []
        for column, value in enumerate(added):
            words.append(Signal(signed(bits), name=f"{name}_{column}"))
            m.d.comb += words[-1].eq(value)
        group = Signal(bits * lanes, name=f"{name}_group")
        with m.Switch(getattr(self, f"{name}_fold")):
            for fold in range(self.folds[layer]):
                with m.Case(fold):
                    m.d.comb += group.eq(Cat(*words[fold * lanes : (fold + 1) * lanes]))
        m.d.comb += getattr(self, f"{name}_added").eq(Mux(self.silent, 0, group))


def _of_column(m: Module, words: list[Signal], column: Value, name: str) -> Signal:
    """The word of a column; 0 of one that there is not."""
    shown = Signal.like(words[0], name=f"{name}_shown")
    with m.Switch(column):
        for number, word in enumerate(words):
            with m.Case(number):
                m.d.comb += shown.eq(word)
    return shown
