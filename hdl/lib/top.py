"""What every top level has: clock, reset, streams, registers and interrupt, under the names that integrators expect."""

from __future__ import annotations

from amaranth.hdl import ClockDomain, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.axi import AxiLite, AxiStream, connect_flat, flat_members
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.registers import RegisterBlock
from remora.spec.lib.packets import BEAT_BYTES
from remora.spec.lib.registers import ADDRESS_BITS
from remora.spec.lib.section import Design


class AxiTop(wiring.Component):
    """A top level with the registers of its design point.

    Ports:
        aclk: clock of everything.
        aresetn: synchronous reset, active low.
        s_axis_<signal>: AXI4-Stream, packets in.
        m_axis_<signal>: AXI4-Stream, answers out.
        s_axil_<signal>: AXI4-Lite, the registers.
        irq: an enabled event is pending.

    Args:
        ports: further ports.
    """

    def __init__(self, design: Design, **ports: wiring.Member) -> None:
        self.design = design
        super().__init__(
            {
                "aclk": In(1),
                "aresetn": In(1),
                **flat_members("s_axis", In(AxiStream(BEAT_BYTES))),
                **flat_members("m_axis", Out(AxiStream(BEAT_BYTES))),
                **flat_members("s_axil", In(AxiLite(ADDRESS_BITS))),
                "irq": Out(1),
                **ports,
            }
        )

    def begin(self) -> tuple[Module, RegisterBlock]:
        """The module of the top level with its clock, its reset and its registers, which are connected outwards."""
        m = Module()
        m.domains.sync = sync = ClockDomain()
        registers = add_submodule(m, "registers", RegisterBlock(self.design))
        m.d.comb += [sync.clk.eq(self.aclk), sync.rst.eq(~self.aresetn), self.irq.eq(registers.irq)]
        connect_flat(m, self, "s_axil", registers.bus)
        return m, registers
