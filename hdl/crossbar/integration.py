"""Integration: streams the bit planes of one step after the other into a layer's integrators, and samples them."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.steps import StepTag, copy, tag_register
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer
from remora.spec.lib.fixed import unsigned_width


class Integration(wiring.Component):
    """``start`` in cycle t: plane p is integrated in cycle t + 1 + p, and the sum sampled after the last plane.

    Two samples are at least ``pace`` cycles apart (`remora.spec.crossbar.cycles.Cycles.pace`), so that a conversion and
    the folds of its codes end before the next one's. With one integrator the next step's first plane comes in the cycle
    after the sample, with two in the same one: ``integrator`` changes after the last plane, and ``sample`` takes the
    other.

    Ports:
        start: the planes of ``next`` come from the next cycle on; only while ``ready``.
        next: the step that starts.
        ready: a step may start.
        integrate: a plane is integrated.
        integrator: the integrator that gathers.
        plane: which plane.
        at_hand: the step whose planes are integrated; it stays until the next one starts.
        passed: the last cycle of ``at_hand``: that of the sample, with two integrators that of the last plane.
        sample: the sum is sampled.
        sampled: with ``sample``, the step that it is of.
        waiting: a sum waits for the converter.
    """

    def __init__(self, design: DesignPoint, layer: Layer) -> None:
        self.design, self.module_name = design, f"integration_{layer.name.lower()}"
        self.planes = design.formats.stream_bits if layer is Layer.HIDDEN else design.readout_planes
        # Readouts do not overlap.
        self.pace = design.cycles.pace if layer is Layer.HIDDEN else 1
        super().__init__(
            {
                "start": In(1),
                "next": In(StepTag(design)),
                "ready": Out(1),
                "integrate": Out(1),
                "integrator": Out(1),
                "plane": Out(unsigned_width(design.formats.stream_bits - 1)),
                "at_hand": Out(StepTag(design)),
                "passed": Out(1),
                "sample": Out(1),
                "sampled": Out(StepTag(design)),
                "waiting": Out(1),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        running, full, last_plane = self.integrate, Signal(), Signal()
        # Cycles until the next sample may come, and what they will be in the next cycle.
        left, left_next = Signal(range(max(2, self.pace))), Signal(range(max(2, self.pace)))
        gathered = tag_register(self.design, "gathered")
        m.d.comb += [
            last_plane.eq(running & (self.plane == self.planes - 1)),
            self.sample.eq(full & (left == 0)),
            self.waiting.eq(full & (left != 0)),
            left_next.eq(Mux(self.sample, self.pace - 1, Mux(left == 0, 0, left - 1))),
            *copy(self.sampled, gathered),
        ]
        if self.design.crossbar.integrators == 1:
            m.d.comb += [self.ready.eq(~running & (~full | self.sample)), self.passed.eq(self.sample)]
        else:
            # The next plane comes at the earliest in the cycle of the sample.
            soon = left_next == 0
            m.d.comb += [
                self.ready.eq(Mux(running, last_plane & soon, ~full | self.sample | soon)),
                self.passed.eq(last_plane),
            ]
        m.d.sync += left.eq(left_next)
        with m.If(running):
            m.d.sync += self.plane.eq(Mux(last_plane, Const(0), self.plane + 1))
        with m.If(last_plane):
            m.d.sync += [running.eq(0), full.eq(1), *copy(gathered, self.at_hand)]
            if self.design.crossbar.integrators > 1:
                m.d.sync += self.integrator.eq(~self.integrator)
        with m.Elif(self.sample):
            m.d.sync += full.eq(0)
        with m.If(self.start):
            m.d.sync += [running.eq(1), *copy(self.at_hand, self.next)]
        return m
