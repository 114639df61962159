"""The write controller with both layers' crossbars behind it: what learning does to devices."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.crossbar.crossbar_array import CrossbarArray
from remora.hdl.learning.learning_engine import WRITES
from remora.hdl.learning.update.fault_map import FaultMap
from remora.hdl.learning.write_controller import WriteController
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.macros.program_port import SENSE
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer

PASSED = ("start", "ready", "layer", "column_tile", "column", "counts", "raised", *WRITES)


class WrittenCrossbars(wiring.Component):
    """The controller's ports to the engine; as ``<layer>__<flag>`` the sense flags of the column that it selects. Where
    the design has a fault map, ``map`` is the host's port to it, and ``clearing`` its own."""

    def __init__(self, design: DesignPoint) -> None:
        self.design, self._writer = design, WriteController(design)
        self._faults = FaultMap(design) if design.capabilities.compensates else None
        members = self._writer.signature.members
        super().__init__(
            {
                **{name: members[name] for name in PASSED},
                **{f"{layer.name.lower()}__{flag}": Out(design.crossbar.rows) for layer in Layer for flag in SENSE},
                **{f"{layer.name.lower()}__tile": Out(8) for layer in Layer},
                "busy": Out(1),
                **({"map": In(self._faults.host_port), "clearing": Out(1)} if self._faults else {}),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        writer = add_submodule(m, "writer", self._writer)
        for name in PASSED:
            outside, inside = getattr(self, name), getattr(writer, name)
            m.d.comb += inside.eq(outside) if self.signature.members[name].flow is In else outside.eq(inside)
        if self._faults:
            faults = add_submodule(m, "fault_map", self._faults)
            wiring.connect(m, wiring.flipped(self.map), faults.host)
            m.d.comb += [
                self.clearing.eq(faults.clearing),
                faults.read.eq(writer.read_marks),
                faults.column.eq(writer.marked_column),
                writer.marks.eq(faults.marks),
            ]
        ports = {Layer.HIDDEN: writer.program_hidden, Layer.READOUT: writer.program_readout}
        for layer, program in ports.items():
            name = layer.name.lower()
            array = add_submodule(m, name, CrossbarArray(self.design, layer))
            wiring.connect(m, program, array.program)
            m.d.comb += [getattr(self, f"{name}__{flag}").eq(getattr(array.program, flag)) for flag in SENSE]
            m.d.comb += getattr(self, f"{name}__tile").eq(program.tile)
        m.d.comb += self.busy.eq(writer.program_hidden.busy | writer.program_readout.busy)
        return m
