"""Decision: walks the readout's codes, one class a cycle, and keeps the best."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.crossbar.adc_interface import AdcInterface
from remora.hdl.lib.hierarchy import place
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, layer_layout
from remora.spec.lib.fixed import unsigned_width


class Decision(wiring.Component):
    """Arg-max over the classes' scores, ties to the lower index.

    ``start`` in cycle t, with ``codes`` stable from t for ``classes`` cycles: score of class k is taken in cycle t +
    k. ``done`` is high from cycle t + classes, with ``scores`` (class 0 in the low bits) and ``decision`` stable until
    the next start.
    ``saturations``: codes at full scale in this cycle.

    Rules O2, O3 and N5.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        classes, layout = design.network.classes, layer_layout(design, Layer.READOUT)
        super().__init__(
            {
                "start": In(1),
                "codes": In(design.formats.adc_bits * layout.columns * layout.row_tiles),
                "done": Out(1),
                "scores": Out(design.formats.adc_bits * classes),
                "decision": Out(unsigned_width(classes - 1)),
                "saturations": Out(range(layout.row_tiles + 1)),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        classes, bits = self.design.network.classes, self.design.formats.adc_bits
        adc = place(m, "adc", AdcInterface(self.design, Layer.READOUT, lanes=1))
        index, running = Signal.like(self.decision), Signal()
        best, score = Signal(signed(bits)), Signal(signed(bits))
        taking = self.start | running
        m.d.comb += [adc.codes.eq(self.codes), adc.fold.eq(index), score.eq(adc.code)]
        with m.If(taking):
            m.d.comb += self.saturations.eq(adc.saturations)
            # Shifted in at the top: after the last class, class 0 has reached the bottom.
            m.d.sync += self.scores.eq(Cat(self.scores, score)[bits:])
            with m.If((index == 0) | (score > best)):
                m.d.sync += [best.eq(score), self.decision.eq(index)]
            with m.If(index == classes - 1):
                m.d.sync += [index.eq(0), running.eq(0), self.done.eq(1)]
            with m.Else():
                m.d.sync += [index.eq(index + 1), running.eq(1), self.done.eq(0)]
        return m
