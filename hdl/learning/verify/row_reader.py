"""Row reader: reads rows of a tile one after the other, each as often as verified learning asks."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.reading import PlaneStretch, ProbePort
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, adc_shift
from remora.spec.crossbar.tiles import STRETCH_BITS
from remora.spec.crossbar.verify.verification import SAMPLE_GAP, Verification
from remora.spec.lib.fixed import signed_width, unsigned_width


class RowReader(wiring.Component):
    """``start`` takes ``rows``. Each of them, in rising order, is driven alone and read k times by a fine read: its
    wordline is integrated on one plane as often as it takes for a level to weigh 2^f codes, and sampled. While a sample
    is converted the next one is integrated. A row's codes are added up.

    Layer, tile and column must stay until ``done``.

    Rules J1 and W3.

    Ports:
        stretch: further cycles of the wordlines before they are integrated, and before the sample.
        abort: tiles do not answer; all is forgotten but a row whose last code is valid in the same cycle.
        start: begins; only while nothing is under way.
        rows: of the tile, at least one.
        layer: 0 the hidden layer, 1 the readout.
        driven: the row whose wordline is high, while it is.
        converted: the row that is converted, from its first sample to ``summed``.
        summed: high for one cycle, ``total`` is that of ``summed_row``.
        summed_row: the row.
        total: the sum of its k codes.
        full: of its k codes one at least is full scale.
        done: with ``summed``, of the last row.
        crossbars: how both layers' crossbars are read.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design, self.verification = design, Verification.of(design)
        self.rows_of_tile = rows = min(design.crossbar.rows, design.hidden_rows)
        self.total_bits = signed_width(self.verification.reads * design.formats.adc_limit)
        row = unsigned_width(rows - 1)
        super().__init__(
            {
                "stretch": In(PlaneStretch()),
                "abort": In(1),
                "start": In(1),
                "rows": In(rows),
                "layer": In(1),
                "driven": Out(rows),
                "converted": Out(row),
                "summed": Out(1),
                "summed_row": Out(row),
                "total": Out(signed(self.total_bits)),
                "full": Out(1),
                "done": Out(1),
                "crossbars": Out(ProbePort(design)),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        design, reads = self.design, self.verification.reads
        planes = {layer: design.formats.stream_bits for layer in Layer}
        weight = {layer: adc_shift(design, layer) + self.verification.fine_bits for layer in Layer}
        plane = {layer: min(planes[layer] - 1, weight[layer]) for layer in Layer}
        repeats = 1 << max(weight[layer] - plane[layer] for layer in Layer)
        drive, integrate, sample, convert = (Signal(name=f"{name}_strobe") for name in (
            "drive", "integrate", "sample", "convert",
        ))  # fmt: skip
        valid, code = self._strobes(m, drive, integrate, sample, convert)
        m.d.comb += self.crossbars.plane.eq(plane[Layer.HIDDEN])

        # The row whose wordline is high, those after it, and how often each is still to be read and integrated.
        row, left = Signal(self.rows_of_tile, name="row"), Signal(self.rows_of_tile, name="rows_left")
        reads_left, repeats_left = Signal(range(max(2, reads))), Signal(range(max(2, repeats)))
        rest, gap = Signal(STRETCH_BITS), Signal(range(SAMPLE_GAP))
        converting, last_read, last_row = Signal(), Signal(), Signal()
        with m.If(rest != 0):
            m.d.sync += rest.eq(rest - 1)
        with m.If(gap != 0):
            m.d.sync += gap.eq(gap - 1)

        def take(rows: Value) -> list:
            """The lowest row is next."""
            lowest = rows & (~rows + 1)[: self.rows_of_tile]
            return [row.eq(lowest), left.eq(rows & ~lowest), reads_left.eq(reads - 1)]

        def integrate_next() -> None:
            m.d.sync += [rest.eq(self.stretch.integrate), repeats_left.eq(repeats - 1)]
            m.next = "INTEGRATE"

        m.d.comb += self.driven.eq(Mux(drive, row, 0))
        with m.FSM():
            with m.State("IDLE"):
                with m.If(self.start):
                    m.d.sync += take(self.rows)
                    integrate_next()
            with m.State("INTEGRATE"):
                m.d.comb += [drive.eq(1), integrate.eq(rest == 0)]
                with m.If(integrate):
                    m.d.sync += repeats_left.eq(repeats_left - 1)
                    with m.If(repeats_left == 0):
                        m.d.sync += rest.eq(self.stretch.settle)
                        m.next = "SAMPLE"
                with m.If(self.abort):
                    m.next = "IDLE"
            with m.State("SAMPLE"):
                m.d.comb += sample.eq((rest == 0) & (gap == 0) & (~converting | valid))
                with m.If(sample):
                    m.d.sync += reads_left.eq(reads_left - 1)
                    with m.If(reads_left != 0):
                        integrate_next()
                    with m.Elif(left.any()):
                        m.d.sync += take(left)
                        integrate_next()
                    with m.Else():
                        m.next = "IDLE"
                with m.If(self.abort):
                    m.next = "IDLE"
        self._convert(m, sample, valid, code, row, [converting, last_read, last_row], reads_left, left)
        m.d.sync += convert.eq(sample)
        with m.If(sample):
            m.d.sync += gap.eq(SAMPLE_GAP - 1)
        with m.If(self.abort):
            m.d.sync += converting.eq(0)
        return m

    def _strobes(self, m: Module, drive, integrate, sample, convert) -> tuple[Value, Value]:
        """To the layer that is read, and from it: codes are valid, and the code of the column."""
        port, valid, code = self.crossbars, Signal(name="valid_strobe"), Signal(signed(self.design.formats.adc_bits))
        for layer in Layer:
            name = layer.name.lower()
            strobes = getattr(port, name)
            with m.If(self.layer == layer):
                m.d.comb += [
                    strobes.drive.eq(drive),
                    strobes.integrate.eq(integrate),
                    # Of two integrators the first one gathers; a sample takes the one that is not named.
                    strobes.integrator.eq(sample if self.design.crossbar.integrators > 1 else Const(0)),
                    strobes.sample.eq(sample),
                    strobes.convert.eq(convert),
                    valid.eq(strobes.valid),
                    code.eq(getattr(port, f"{name}_code").as_signed()),
                ]
        return valid, code

    def _convert(self, m: Module, sample, valid, code, row, state, reads_left, left) -> None:
        """Add up the codes of a row; a sample may be taken in the cycle in which the codes of the one before come."""
        converting, last_read, last_row = state
        total, first, limit = Signal.like(self.total), Signal(init=1), self.design.formats.adc_limit
        number = Cat(
            Cat(row[index] for index in range(self.rows_of_tile) if index >> bit & 1).any()
            for bit in range(len(self.converted))
        )
        m.d.sync += self.summed.eq(0)
        with m.If(valid & converting):
            m.d.sync += [
                converting.eq(0),
                total.eq(Mux(first, 0, total) + code),
                self.full.eq((self.full & ~first) | (code >= limit) | (code <= -limit)),
                first.eq(last_read),
                self.summed.eq(last_read),
                self.summed_row.eq(self.converted),
                self.done.eq(last_read & last_row),
            ]
        with m.If(sample):
            m.d.sync += [converting.eq(1), last_read.eq(reads_left == 0), last_row.eq(~left.any())]
            m.d.sync += self.converted.eq(number)
        with m.If(self.abort | (self.summed & self.done)):
            m.d.sync += self.done.eq(0)
        with m.If(self.abort):
            m.d.sync += first.eq(1)
        m.d.comb += self.total.eq(total)
