"""Decision: walks the readout's codes, one class a cycle, and keeps the best."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.crossbar.control import DecisionControl
from remora.hdl.lib.columns import ConvertedColumns
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, layer_layout
from remora.spec.lib.fixed import unsigned_width


class Decision(wiring.Component):
    """Arg-max over the classes' scores, ties to the lower index.

    ``control.start`` in cycle t: in cycle t + k ``columns.fold`` is k, and ``columns.code`` the score of class k in
    answer. ``control.done`` is high from cycle t + classes, with ``scores`` and ``decision`` stable until the next
    start.

    Rules O2, O3 and N5.

    Ports:
        control: when the decision is made.
        columns: of the readout, a class at a time.
        scores: of all classes, class 0 in the low bits.
        decision: the class of the largest score.
        saturations: codes at full scale in this cycle, 0 where no score is taken.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        classes, layout = design.network.classes, layer_layout(design, Layer.READOUT)
        super().__init__(
            {
                "control": In(DecisionControl()),
                "columns": Out(ConvertedColumns(design, Layer.READOUT)),
                "scores": Out(design.formats.adc_bits * classes),
                "decision": Out(unsigned_width(classes - 1)),
                "saturations": Out(range(layout.row_tiles + 1)),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        classes, bits = self.design.network.classes, self.design.formats.adc_bits
        running, index, score, done = Signal(), self.columns.fold, self.columns.code.as_signed(), self.control.done
        best = Signal(signed(bits), reset_less=True)
        scores, decision = (
            Signal.like(port, name=f"{name}_held", reset_less=True)
            for name, port in (("scores", self.scores), ("decision", self.decision))
        )
        m.d.comb += [self.scores.eq(scores), self.decision.eq(decision)]
        with m.If(self.control.start | running):
            m.d.comb += self.saturations.eq(self.columns.saturations)
            # Shifted in at the top: after the last class, class 0 has reached the bottom.
            m.d.sync += scores.eq(Cat(scores, score)[bits:])
            with m.If((index == 0) | (score > best)):
                m.d.sync += [best.eq(score), decision.eq(index)]
            with m.If(index == classes - 1):
                m.d.sync += [index.eq(0), running.eq(0), done.eq(1)]
            with m.Else():
                m.d.sync += [index.eq(index + 1), running.eq(1), done.eq(0)]
        return m
