"""The list of what the self-test found, and the counts by class."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from remora.hdl.crossbar.self_test.host import FindingsHost
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.memory import Memory
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.self_test.plan import CLASS_SHIFT, COUNT_BITS, HARDWARE_CLASSES, Defect, SelfTestPlan

NUMBER_FIELDS = {"column": 11, "row": 12, "side": 1, "layer": 1}
"""Of a device's number, from the low bits up, and their widths. Rule D2."""


class FindingList(wiring.Component):
    """Takes a finding a cycle.

    Rule S8.

    Ports:
        host: what is read of the list and of the counts.
        clear: empties it.
        add: takes the finding that the other ports describe.
        defect: its class.
        layer: where it lies.
        side: of the pair.
        row: of the layer.
        column: of the layer.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design, self.plan = design, SelfTestPlan.of(design)
        super().__init__(
            {
                "host": In(FindingsHost()),
                "clear": In(1),
                "add": In(1),
                "defect": In(range(max(Defect) + 1)),
                **{name: In(bits) for name, bits in NUMBER_FIELDS.items()},
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        host, most, depth = self.host, (1 << COUNT_BITS) - 1, self.plan.findings
        bits = sum(NUMBER_FIELDS.values()) + len(self.defect)
        small = self.design.system.small_memory_bits
        memory = add_submodule(m, "memory", Memory(width=bits, depth=depth, small_bits=small))
        room, there, shown = Signal(), Signal(), Signal()
        m.d.comb += [
            room.eq(host.listed < depth),
            memory.write.eq(self.add & room),
            memory.write_address.eq(host.listed),
            memory.write_data.eq(Cat(*(getattr(self, name) for name in NUMBER_FIELDS), self.defect)),
            # The host may ask for any entry, also for one that the memory does not have.
            there.eq((host.pointer < host.listed) & (host.pointer < depth)),
            memory.read.eq(there & ~self.add & ~self.clear),
            memory.read_address.eq(host.pointer),
            host.overflow.eq(host.listed > depth),
        ]
        m.d.sync += shown.eq(memory.read)
        number = memory.read_data[: sum(NUMBER_FIELDS.values())]
        defect = memory.read_data[len(number) :]
        m.d.comb += host.finding.eq(Mux(shown, Cat(number, Const(0, CLASS_SHIFT - len(number)), defect), 0))
        counts = [host.listed, *(getattr(host, f"count_{each.name.lower()}") for each in HARDWARE_CLASSES)]
        chosen = [Const(1), *(self.defect == each for each in HARDWARE_CLASSES)]
        for count, counted in zip(counts, chosen, strict=True):
            with m.If(self.clear):
                m.d.sync += count.eq(0)
            with m.Elif(self.add & counted & (count != most)):
                m.d.sync += count.eq(count + 1)
        return m
