"""The corrections of all columns: the store, and the calibration that fills it."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.crossbar.correction.calibration import Calibration
from remora.hdl.crossbar.correction.host import CorrectionHost
from remora.hdl.crossbar.correction.store import CorrectionStore
from remora.hdl.lib.columns import ConvertedColumns
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.interfaces import pass_on
from remora.hdl.lib.reading import PlaneStretch, ProbePort
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer


class Correction(wiring.Component):
    """What is added to codes follows ``hidden_fold`` and ``readout_fold`` in the same cycle.

    ``abort`` ends a calibration. Offsets stay through it; the reset clears them.

    Rules K1 and K3.

    Ports:
        host: what the registers set and read.
        abort: ends a calibration where it is.
        untouched: codes are taken as they are.
        pulsing: a tile is busy with a pulse.
        stretch: of the planes, and before the sample.
        probe: reads the crossbars.
        hidden_columns: codes of the hidden layer.
        readout_columns: codes of the readout.
        hidden_fold: the group of the hidden layer whose codes are asked for.
        hidden_added: for each of its lanes what is added to the code, ``adc_bits`` each, signed.
        readout_fold: likewise of the readout.
        readout_added: likewise.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        self._store = CorrectionStore(design)
        members = self._store.signature.members
        names = [f"{layer.name.lower()}_{what}" for layer in Layer for what in ("fold", "added")]
        super().__init__(
            {
                "host": In(CorrectionHost(design)),
                "abort": In(1),
                "untouched": In(1),
                "pulsing": In(1),
                "stretch": In(PlaneStretch()),
                "probe": Out(ProbePort(design)),
                **{f"{layer.name.lower()}_columns": Out(ConvertedColumns(design, layer)) for layer in Layer},
                **{name: members[name] for name in names},
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        store = add_submodule(m, "words", self._store)
        calibration = add_submodule(m, "measurement", Calibration(self.design), reset=self.abort)
        pass_on(m, self.probe, calibration.probe)
        pass_on(m, self.stretch, calibration.stretch)
        for layer in Layer:
            name = layer.name.lower()
            pass_on(m, getattr(self, f"{name}_columns"), getattr(calibration, f"{name}_columns"))
            m.d.comb += [
                getattr(store, f"{name}_fold").eq(getattr(self, f"{name}_fold")),
                getattr(self, f"{name}_added").eq(getattr(store, f"{name}_added")),
            ]
        m.d.comb += [
            calibration.start.eq(self.host.start),
            calibration.pulsing.eq(self.pulsing),
            self.host.busy.eq(calibration.busy),
            self.host.done.eq(calibration.done),
            self.host.offset.eq(store.offset),
            store.silent.eq(self.untouched | calibration.busy),
            *(
                getattr(store, name).eq(getattr(calibration, name))
                for name in ("store", "store_layer", "store_fold", "stored")
            ),
            *(
                getattr(store, name).eq(getattr(self.host, name))
                for name in ("layer", "column", "write", "offset_value")
            ),
        ]
        return m
