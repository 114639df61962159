"""Calibration of offsets: converts with no row driven, averages, and hands on what takes the averages off."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.crossbar.column_probe import ColumnProbe
from remora.hdl.lib.columns import ConvertedColumns, folds, lanes_of
from remora.hdl.lib.fixed import round_shift
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.interfaces import pass_on
from remora.hdl.lib.reading import PlaneStretch, ProbePort
from remora.spec.crossbar.correction.plan import MEAN_BITS, SAMPLES, groups_of, total_bits
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer
from remora.spec.lib.fixed import unsigned_width


class Calibration(wiring.Component):
    """Both layers, group of columns by group of columns: samples each with nothing driven, and stores its offsets.

    The engine, the window and the self-test must be idle from ``start`` until ``done``. A reset ends it where it is;
    the groups before have their new offsets then.

    Rule K2.

    Ports:
        start: begins.
        busy: high from the cycle after ``start`` until the end.
        done: high for one cycle at the end.
        pulsing: a tile is busy with a pulse that a reset has left under way; nothing is sampled.
        stretch: of the planes, and before the sample.
        probe: reads the crossbars.
        hidden_columns: codes of the hidden layer.
        readout_columns: codes of the readout.
        store: the offsets of a group are there.
        store_layer: 0 the hidden layer, 1 the readout.
        store_fold: the group.
        stored: the offsets of its columns, ``adc_bits`` a lane, signed.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design, self.bits = design, design.formats.adc_bits
        self.lanes = {layer: lanes_of(design, layer) for layer in Layer}
        assert all(folds(design, layer, self.lanes[layer]) == groups_of(design, layer) for layer in Layer)
        most = max(groups_of(design, layer) for layer in Layer)
        super().__init__(
            {
                "start": In(1),
                "busy": Out(1),
                "done": Out(1),
                "pulsing": In(1),
                "stretch": In(PlaneStretch()),
                "probe": Out(ProbePort(design)),
                **{f"{layer.name.lower()}_columns": Out(ConvertedColumns(design, layer)) for layer in Layer},
                "store": Out(1),
                "store_layer": Out(1),
                "store_fold": Out(unsigned_width(most - 1)),
                "stored": Out(self.bits * max(self.lanes.values())),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        probe = add_submodule(m, "probe", ColumnProbe(self.design))
        pass_on(m, self.probe, probe.crossbars)
        pass_on(m, self.stretch, probe.stretch)
        layer, fold, sample = Signal(), Signal.like(self.store_fold), Signal(MEAN_BITS)
        totals = [
            Signal(signed(total_bits(self.design)), name=f"total_{k}") for k in range(len(self.stored) // self.bits)
        ]
        codes = Mux(layer, self.readout_columns.code, self.hidden_columns.code)
        last = Mux(layer, *(groups_of(self.design, each) - 1 for each in (Layer.READOUT, Layer.HIDDEN)))
        m.d.comb += [
            probe.layer.eq(layer),
            probe.convert.eq(1),
            self.hidden_columns.fold.eq(fold),
            self.readout_columns.fold.eq(fold),
            self.store_layer.eq(layer),
            self.store_fold.eq(fold),
            self.stored.eq(Cat(*((-round_shift(total, MEAN_BITS))[: self.bits] for total in totals))),
        ]
        with m.FSM() as fsm:
            m.d.comb += [
                self.busy.eq(~fsm.ongoing("IDLE")),
                probe.start.eq(fsm.ongoing("READ") & ~self.pulsing),
            ]
            with m.State("IDLE"):
                m.d.sync += [layer.eq(0), fold.eq(0), sample.eq(0), *(total.eq(0) for total in totals)]
                with m.If(self.start):
                    m.next = "READ"
            with m.State("READ"):
                with m.If(probe.done):
                    m.next = "TAKE"
            with m.State("TAKE"):
                for lane, total in enumerate(totals):
                    code = codes[lane * self.bits : (lane + 1) * self.bits]
                    if len(code):
                        m.d.sync += total.eq(total + code.as_signed())
                m.d.sync += sample.eq(sample + 1)
                m.next = "READ"
                with m.If(sample == SAMPLES - 1):
                    m.next = "STORE"
            with m.State("STORE"):
                m.d.comb += self.store.eq(1)
                m.d.sync += [fold.eq(fold + 1), *(total.eq(0) for total in totals)]
                m.next = "READ"
                with m.If(fold == last):
                    m.d.sync += [fold.eq(0), layer.eq(1)]
                    with m.If(layer == Layer.READOUT):
                        m.next = "DONE"
            with m.State("DONE"):
                m.d.comb += self.done.eq(1)
                m.next = "IDLE"
        return m
