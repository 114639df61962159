"""Column probe: integrates what the window puts on the wordlines, and converts what was gathered."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.reading import PlaneStretch, ProbePort
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, adc_shift
from remora.spec.crossbar.tiles import STRETCH_BITS
from remora.spec.lib.fixed import unsigned_width


class ColumnProbe(wiring.Component):
    """``start`` reads the device whose wordline is high, of the column that the layer's program port selects; the
    wordline and the selection must stay until ``done``.

    The wordline is integrated on one plane as often as it takes for a level to weigh exactly 2^``finer`` codes,
    ``2^(adc_shift + finer)`` in all; so with 0 the code is the weight, rounded to whole levels. With ``fine`` a level
    weighs 2^``fine_bits`` codes.

    With ``drive`` the wordlines are integrated once on each plane from 0 to ``planes`` − 1, and nothing is sampled; so
    what one drive gathers adds to what the one before did. With ``convert`` nothing is integrated: what was gathered is
    sampled and converted. Both must stay until ``done``.

    Rules X4, X7 and W3.

    Ports:
        stretch: further cycles of the wordlines before they are integrated, and before the sample.
        start: begins; looked at only while nothing is under way.
        fine: reads finely; it must stay until ``done``. Only of a window that verifies.
        weigh: reads on one plane.
        weighed: which.
        drive: integrates planes and does nothing else.
        convert: samples and converts and does nothing else.
        step: with ``drive``, the plane; it must start with 0 and grow by 1 after each ``integrated``.
        planes: with ``drive``, how many.
        integrator: of two, the one that gathers and is sampled.
        layer: 0 the hidden layer, 1 the readout.
        integrated: the wordlines are integrated.
        done: high for one cycle, the last.
        code: of the column; as of ``done``, until the layer's next conversion or another selection.
        crossbars: how both layers' crossbars are read.

    With ``weigh`` a device is read on the plane that ``weighed`` says, as often as makes it count as much.

    Args:
        finer: a level weighs 2^n codes.
        weighs: it has ``weigh`` and ``weighed``, which must stay until ``done``.
    """

    def __init__(self, design: DesignPoint, finer: int = 0, weighs: bool = False) -> None:
        self.design, self.finer, self.weighs = design, finer, weighs
        if finer or weighs:
            self.module_name = "fine_column_probe"
        super().__init__(
            {
                "stretch": In(PlaneStretch()),
                "start": In(1),
                **({"fine": In(1)} if design.capabilities.verifies else {}),
                **({"weigh": In(1), "weighed": In(range(design.formats.stream_bits))} if weighs else {}),
                "drive": In(1),
                "convert": In(1),
                "step": In(range(design.formats.stream_bits)),
                "planes": In(range(design.formats.stream_bits + 1)),
                "integrator": In(1),
                "layer": In(1),
                "integrated": Out(1),
                "done": Out(1),
                "code": Out(signed(design.formats.adc_bits)),
                "crossbars": Out(ProbePort(design)),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        design, port, integrate = self.design, self.crossbars, self.integrated
        planes = {Layer.HIDDEN: design.formats.stream_bits, Layer.READOUT: design.readout_planes}
        fine = design.fine_bits if design.capabilities.verifies else 0

        def weighing(finer: int) -> tuple[dict[Layer, int], dict[Layer, int]]:
            """On which plane a layer is integrated, and how often."""
            weight = {layer: adc_shift(design, layer) + finer for layer in Layer}
            plane = {layer: min(planes[layer] - 1, weight[layer]) for layer in Layer}
            return plane, {layer: 1 << (weight[layer] - plane[layer]) for layer in Layer}

        plane, repeats = weighing(self.finer)
        fine_plane, fine_repeats = weighing(fine)
        weight = min(adc_shift(design, layer) for layer in Layer) + self.finer  # the same of MiRU cells' layers
        most = 1 << weight if self.weighs else 1
        left = Signal(unsigned_width(max(*repeats.values(), *fine_repeats.values(), most) - 1))

        drive, sample, convert, valid = (
            Signal(name=f"{name}_strobe") for name in ("drive", "sample", "convert", "valid")
        )
        for layer in Layer:
            name = layer.name.lower()
            with m.If(self.layer == layer):
                strobes = getattr(port, name)
                m.d.comb += [
                    strobes.drive.eq(drive),
                    strobes.integrate.eq(integrate),
                    strobes.sample.eq(sample),
                    # Of two integrators the sample takes the one that is not named.
                    strobes.integrator.eq(sample ^ self.integrator if design.crossbar.integrators > 1 else 0),
                    strobes.convert.eq(convert),
                    valid.eq(strobes.valid),
                    self.code.eq(getattr(port, f"{name}_code").as_signed()),
                ]

        def of_layer(values):
            hidden, readout = (values[layer] for layer in Layer)
            return hidden if hidden == readout else Mux(self.layer, readout, hidden)

        def of_read(values, fine_values):
            return Mux(self.fine, of_layer(fine_values), of_layer(values)) if fine else of_layer(values)

        one_plane, once = of_read(plane, fine_plane), of_read(repeats, fine_repeats)
        if self.weighs:
            one_plane = Mux(self.weigh, self.weighed, one_plane)
            times = Signal(range(most + 1))
            with m.Switch(self.weighed):
                for each in range(min(weight + 1, design.formats.stream_bits)):
                    with m.Case(each):
                        m.d.comb += times.eq(1 << (weight - each))
            once = Mux(self.weigh, times, once)
        m.d.comb += port.plane.eq(Mux(self.drive, self.step, one_plane))

        # Cycles until what the state is for.
        rest = Signal(STRETCH_BITS)
        with m.If(rest != 0):
            m.d.sync += rest.eq(rest - 1)
        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += [rest.eq(self.stretch.integrate), left.eq(once - 1)]
                with m.If(self.start & self.convert):
                    m.d.sync += rest.eq(self.stretch.settle)
                    m.next = "SAMPLE"
                with m.Elif(self.start):
                    m.next = "INTEGRATE"
            with m.State("INTEGRATE"):
                m.d.comb += [drive.eq(1), integrate.eq(rest == 0)]
                with m.If(integrate & self.drive):
                    # Every plane settles anew.
                    m.d.sync += rest.eq(self.stretch.integrate)
                    with m.If(self.step + 1 == self.planes):
                        m.d.comb += self.done.eq(1)
                        m.next = "IDLE"
                with m.Elif(integrate):
                    m.d.sync += left.eq(left - 1)
                    with m.If(left == 0):
                        m.d.sync += rest.eq(self.stretch.settle)
                        m.next = "SAMPLE"
            with m.State("SAMPLE"):
                m.d.comb += sample.eq(rest == 0)
                with m.If(sample):
                    m.next = "CONVERT"
            with m.State("CONVERT"):
                m.d.comb += convert.eq(1)
                m.next = "WAIT"
            with m.State("WAIT"):
                with m.If(valid):
                    m.d.comb += self.done.eq(1)
                    m.next = "IDLE"
        return m
