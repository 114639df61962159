"""Conversion: starts the conversion of each sample, and tells whose codes come next."""

from __future__ import annotations

from amaranth.hdl import Module, Mux
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.steps import StepTag, copy, tag_register
from remora.spec.crossbar.design import DesignPoint


class Conversion(wiring.Component):
    """``sample`` in cycle t: ``convert`` in cycle t + 1, which the tiles see in cycle t + 2, their last before the
    codes of the sample before are valid at the earliest. So a sample's tag follows it through three registers.

    Ports:
        sample: a sum is sampled.
        sampled: with ``sample``, the step that it is of.
        convert: the sample is converted.
        begun: the tiles begin a conversion in this cycle.
        awaited: the step whose codes come next; in the cycle of ``begun`` that which begins.
        converted: the step whose codes are valid, if codes become so in this cycle.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        super().__init__(
            {
                "sample": In(1),
                "sampled": In(StepTag(design)),
                "convert": Out(1),
                "begun": Out(1),
                "awaited": Out(StepTag(design)),
                "converted": Out(StepTag(design)),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        held, beginning = tag_register(self.design, "held"), tag_register(self.design, "beginning")
        m.d.sync += [self.convert.eq(self.sample), self.begun.eq(self.convert)]
        with m.If(self.sample):
            m.d.sync += copy(held, self.sampled)
        with m.If(self.convert):
            m.d.sync += copy(beginning, held)
        with m.If(self.begun):
            m.d.sync += copy(self.converted, beginning)
        for name in self.awaited.signature.members:
            m.d.comb += getattr(self.awaited, name).eq(
                Mux(self.begun, getattr(beginning, name), getattr(self.converted, name))
            )
        return m
