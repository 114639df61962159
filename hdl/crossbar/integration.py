"""Integration: streams the bit planes of one step after the other into a layer's integrators, and samples them."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.cells.registry import cell_class
from remora.hdl.lib.reading import PlaneStretch
from remora.hdl.lib.steps import StepTag, copy, tag_register
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer
from remora.spec.crossbar.tiles import STRETCH_BITS
from remora.spec.lib.fixed import unsigned_width


class Integration(wiring.Component):
    """``start`` in cycle t: plane p is integrated in cycle t + 1 + p, and the sum sampled after the last plane.

    Two samples are at least ``pace`` cycles apart (`remora.spec.crossbar.cycles.Cycles.pace`), so that a conversion and
    the folds of its codes end before the next one's. With one integrator the next step's first plane comes in the cycle
    after the sample, with two in the same one: ``integrator`` changes after the last plane, and ``sample`` takes the
    other.

    Stretched, each plane is driven for ``stretch.integrate`` cycles before it is integrated, and the sample comes
    ``stretch.settle`` cycles later after the last plane. With a ``convert_stretch`` two samples are so many cycles
    further apart, and a sample waits until the codes of the one before have been taken: then a converter may take any
    time.

    Of a design with a readout at every step, the sample of what is read out waits while it is ``blocked``: the readout,
    until codes are taken, and bistable cells, until their states are read. It falls at most once between two samples,
    and does not rise without one.

    Ports:
        start: the planes of ``next`` come from the next cycle on; only while ``ready``.
        next: the step that starts.
        ready: a step may start.
        stretch: further cycles of the planes and before the sample.
        convert_stretch: further cycles of a conversion, of a layer whose codes the cell takes.
        taken: the codes of the last sample are taken, of such a layer.
        blocked: no sample may come; where it exists.
        drive: the wordlines carry a plane.
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
        self.paced = layer is Layer.HIDDEN and not cell_class(design).at_bitlines
        self.blocks = design.capabilities.reads_every_step and (
            layer is Layer.READOUT or cell_class(design).at_bitlines
        )
        of_codes = {"convert_stretch": In(STRETCH_BITS), "taken": In(1)}
        super().__init__(
            {
                "start": In(1),
                "next": In(StepTag(design)),
                "ready": Out(1),
                "stretch": In(PlaneStretch()),
                **(of_codes if self.paced else {}),
                **({"blocked": In(1)} if self.blocks else {}),
                "drive": Out(1),
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
        running, full, last_plane, settle = self.drive, Signal(), Signal(), self.stretch.settle
        between, awaited = self._converter(m)
        # Cycles until the next sample may come, and what they will be in the next cycle, the gap before it apart.
        left = Signal(range(self.pace + (1 << STRETCH_BITS) - 1))
        left_next = Signal.like(left)
        # Cycles until the plane is integrated.
        rest = Signal(STRETCH_BITS)
        gathered = tag_register(self.design, "gathered")
        m.d.comb += [
            self.integrate.eq(running & (rest == 0)),
            last_plane.eq(self.integrate & (self.plane == self.planes - 1)),
            self.sample.eq(full & (left == 0) & ~awaited),
            self.waiting.eq(full & ~self.sample),
            left_next.eq(Mux(self.sample, between, Mux(left == 0, 0, left - 1))),
            *copy(self.sampled, gathered),
        ]
        if self.design.crossbar.integrators == 1:
            m.d.comb += [self.ready.eq(~running & (~full | self.sample)), self.passed.eq(self.sample)]
        else:
            # The next plane comes at the earliest in the cycle of the sample.
            soon = (left_next == 0) & ~awaited & ~(last_plane & settle.any())
            m.d.comb += [
                self.ready.eq(Mux(running, last_plane & soon, ~full | self.sample | soon)),
                self.passed.eq(last_plane),
            ]
        m.d.sync += left.eq(Mux(last_plane & (settle > left_next), settle, left_next))
        m.d.sync += rest.eq(Mux(self.start | self.integrate, self.stretch.integrate, rest - (rest != 0)))
        with m.If(self.integrate):
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

    def _converter(self, m: Module) -> tuple[Value, Value]:
        """Cycles from the one after a sample to the next, and whether codes are to be taken before that."""
        if not self.paced:
            return Const(self.pace - 1), self.blocked if self.blocks else Const(0)
        converting = Signal()
        m.d.sync += converting.eq(self.sample | (converting & ~self.taken))
        return self.pace - 1 + self.convert_stretch, converting & self.convert_stretch.any()
