"""Column probe: reads the weight of one device pair through the converter of its column."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.crossbar.bring_up.stretch import PlaneStretch
from remora.hdl.crossbar.control import ReadStrobes
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, adc_shift, first_wordline, layer_layout
from remora.spec.crossbar.tiles import STRETCH_BITS
from remora.spec.lib.fixed import unsigned_width


class ProbePort(wiring.Signature):
    """Read port of both layers' crossbars, seen from who reads a single device.

    Ports:
        row: the one wordline that is high, counted in the streamer's wordlines.
        plane: the bit plane that it carries.
        hidden: how the hidden layer is read.
        readout: how the readout is read.
        hidden_code: of the column that the hidden layer's program port selects.
        readout_code: of the column that the readout's program port selects.
    """

    def __init__(self, design: DesignPoint) -> None:
        bits = design.formats.adc_bits
        super().__init__(
            {
                "row": Out(range(design.wordlines)),
                "plane": Out(range(design.formats.stream_bits)),
                "hidden": Out(ReadStrobes()),
                "readout": Out(ReadStrobes()),
                "hidden_code": In(bits),
                "readout_code": In(bits),
            }
        )


class ColumnProbe(wiring.Component):
    """``start`` reads row ``row`` of tile ``tile`` of ``layer``, of the column that the layer's program port selects in
    this tile; both selections must stay until ``done``.

    The wordline is integrated on one plane as often as it takes for a level to weigh exactly one code, ``2^adc_shift``
    in all; so the code is the weight, rounded to whole levels.

    Rule X7.

    Ports:
        stretch: further cycles of the wordline before it is integrated, and before the sample.
        start: reads a device.
        layer: 0 the hidden layer, 1 the readout.
        tile: the tile of the layer.
        row: the row of the tile.
        done: high for one cycle, with ``weight`` and ``last``.
        last: this was the tile's last row.
        weight: of the device pair.
        crossbars: how both layers' crossbars are read.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        rows = max(tile.rows for layer in Layer for tile in layer_layout(design, layer).tiles)
        super().__init__(
            {
                "stretch": In(PlaneStretch()),
                "start": In(1),
                "layer": In(1),
                "tile": In(8),
                "row": In(unsigned_width(rows - 1)),
                "done": Out(1),
                "last": Out(1),
                "weight": Out(signed(design.formats.adc_bits)),
                "crossbars": Out(ProbePort(design)),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        design, port = self.design, self.crossbars
        planes = {Layer.HIDDEN: design.formats.stream_bits, Layer.READOUT: design.readout_planes}
        plane = {layer: min(planes[layer] - 1, adc_shift(design, layer)) for layer in Layer}
        repeats = {layer: 1 << (adc_shift(design, layer) - plane[layer]) for layer in Layer}
        left = Signal(unsigned_width(max(repeats.values()) - 1))

        drive, integrate, sample, convert, valid = (
            Signal(name=name) for name in ("drive", "integrate", "sample", "convert", "valid")
        )
        for layer in Layer:
            name, layout = layer.name.lower(), layer_layout(design, layer)
            first = first_wordline(design, layer)
            with m.If(self.layer == layer):
                strobes = getattr(port, name)
                m.d.comb += [
                    strobes.drive.eq(drive),
                    strobes.integrate.eq(integrate),
                    strobes.sample.eq(sample),
                    # Of two integrators the sample takes the one that is not named.
                    strobes.integrator.eq(sample if design.crossbar.integrators > 1 else 0),
                    strobes.convert.eq(convert),
                    valid.eq(strobes.valid),
                    self.weight.eq(getattr(port, f"{name}_code").as_signed()),
                ]
                for tile in layout.tiles:
                    with m.If(self.tile == tile.index):
                        m.d.comb += [
                            port.row.eq(first + tile.first_row + self.row),
                            self.last.eq(self.row == tile.rows - 1),
                        ]
                        if first + layout.rows < design.wordlines and tile.first_row + tile.rows == layout.rows:
                            # The bias line is the streamer's last, and the states before it are not this layer's.
                            with m.If(self.last):
                                m.d.comb += port.row.eq(design.wordlines - 1)

        def of_layer(values):
            hidden, readout = (values[layer] for layer in Layer)
            return hidden if hidden == readout else Mux(self.layer, readout, hidden)

        m.d.comb += port.plane.eq(of_layer(plane))

        # Cycles until what the state is for.
        rest = Signal(STRETCH_BITS)
        with m.If(rest != 0):
            m.d.sync += rest.eq(rest - 1)
        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += rest.eq(self.stretch.integrate)
                m.d.sync += left.eq(of_layer(repeats) - 1)
                with m.If(self.start):
                    m.next = "INTEGRATE"
            with m.State("INTEGRATE"):
                m.d.comb += [drive.eq(1), integrate.eq(rest == 0)]
                with m.If(integrate):
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
