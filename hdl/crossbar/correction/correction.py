"""The corrections of all columns: the store, the calibration that fills it, and the rows of digital biases."""

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

    ``abort`` ends a calibration. Offsets and digital biases stay through it; the reset clears them.

    Rules K1, K3 and K5.

    Ports:
        host: what the registers set and read.
        untouched: from the next cycle on codes are taken as they are.
        hidden_fold: the group of the hidden layer whose codes are asked for.
        hidden_added: for each of its lanes what is added to the code, ``added_bits`` each, signed.
        readout_fold: likewise of the readout.
        readout_added: likewise.
        hidden_bias: the digital bias of a column of the hidden layer, and its pulses; where the design has some.
        readout_bias: likewise of the readout.
        abort: ends a calibration where it is; this and what follows of a design that calibrates.
        pulsing: a tile is busy with a pulse.
        stretch: of the planes, and before the sample.
        probe: reads the crossbars.
        hidden_columns: codes of the hidden layer.
        readout_columns: codes of the readout.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        self._store = CorrectionStore(design)
        shared = {
            name: member
            for name, member in self._store.signature.members.items()
            if name.endswith(("_fold", "_added", "_bias")) and not name.startswith("store")
        }
        calibrates: dict[str, wiring.Member] = {
            "abort": In(1),
            "pulsing": In(1),
            "stretch": In(PlaneStretch()),
            "probe": Out(ProbePort(design)),
            **{f"{layer.name.lower()}_columns": Out(ConvertedColumns(design, layer)) for layer in Layer},
        }
        self._shared = tuple(shared)
        super().__init__(
            {
                "host": In(CorrectionHost(design)),
                "untouched": In(1),
                **shared,
                **(calibrates if design.capabilities.calibrates else {}),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        store = add_submodule(m, "words", self._store)
        pass_on(m, self.host.pointed, store.pointed)
        for name in self._shared:
            mine, theirs = getattr(self, name), getattr(store, name)
            if name.endswith("_bias"):
                pass_on(m, mine, theirs)
            else:
                m.d.comb += theirs.eq(mine) if name.endswith("_fold") else mine.eq(theirs)
        # A flip-flop, for both come from state machines; many cycles lie between either and the first code.
        m.d.sync += store.silent.eq(self.untouched | self.host.busy)
        if self.design.capabilities.calibrates:
            self._calibrate(m)
        return m

    def _calibrate(self, m: Module) -> None:
        calibration = add_submodule(m, "measurement", Calibration(self.design), reset=self.abort)
        pass_on(m, self.probe, calibration.probe)
        pass_on(m, self.stretch, calibration.stretch)
        for layer in Layer:
            name = f"{layer.name.lower()}_columns"
            pass_on(m, getattr(self, name), getattr(calibration, name))
        m.d.comb += [
            calibration.start.eq(self.host.start),
            calibration.pulsing.eq(self.pulsing),
            self.host.busy.eq(calibration.busy),
            self.host.done.eq(calibration.done),
            *(
                getattr(self._store, name).eq(getattr(calibration, name))
                for name in ("store", "store_layer", "store_fold", "stored")
            ),
        ]
