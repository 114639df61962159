"""What every top level has: clock, reset, streams, registers and interrupt, under the names that integrators expect."""

from __future__ import annotations

from amaranth.hdl import ClockDomain, Module, ResetSignal, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.axi import AxiLite, AxiStream, connect_flat, flat_members
from remora.hdl.lib.hierarchy import add_submodule, reset_by_pin, test_memories
from remora.hdl.lib.memory_test.access import PREFIX
from remora.hdl.lib.memory_test.port import MemoryTestPort
from remora.hdl.lib.registers import RegisterBlock
from remora.spec.lib.packets import BEAT_BYTES
from remora.spec.lib.registers import ADDRESS_BITS
from remora.spec.lib.section import Design


class AxiTop(wiring.Component):
    """A top level with the registers of its design point.

    Ports:
        aclk: clock of everything.
        aresetn: reset, active low; it may change at any time and is held for 8 cycles or more.
        s_axis_<signal>: AXI4-Stream, packets in.
        m_axis_<signal>: AXI4-Stream, answers out.
        s_axil_<signal>: AXI4-Lite, the registers.
        irq: an enabled event is pending.
        test_mode: the reset's flip-flops are set by ``aresetn`` alone, and clock gates are open; constant in operation,
            low. Where the design point has ``system.test_pin``.
        memory_test_<signal>: writes and reads the macros of memories, where the design point has
            ``system.memory_test``.

    The hardware is in reset as soon as ``aresetn`` falls, and until 4 cycles after it rises (`remora.spec.lib.reset`).
    In reset and in the cycle after it nothing is offered or taken on any bus.

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
                **({"test_mode": In(1)} if design.has_test_pin else {}),
                **(flat_members(PREFIX, In(MemoryTestPort())) if design.has_memory_test else {}),
                **ports,
            }
        )

    def begin(
        self, clock: Value | None = None, runs: Value | None = None, in_reset: Value | None = None
    ) -> tuple[Module, RegisterBlock]:
        """The module of the top level with its clock, its reset and its registers, which are connected outwards.

        Args:
            clock: of all that has no other; ``aclk`` where None.
            runs: the clock ticks at the end of this cycle; nothing is taken in any other.
            in_reset: what runs on ``aclk`` is in reset; needed with another clock, which may stand at power-up.
        """
        m = Module()
        m.domains.sync = sync = ClockDomain()
        registers = add_submodule(m, "registers", RegisterBlock(self.design))
        m.d.comb += [sync.clk.eq(self.aclk if clock is None else clock), self.irq.eq(registers.irq)]
        reset_by_pin(m, sync, self.aresetn, self.aclk, self.test_mode if self.design.has_test_pin else None)
        if self.design.has_memory_test:
            test_memories({name: getattr(self, f"{PREFIX}_{name}") for name in MemoryTestPort().members})
        self._speaks, self._takes = Signal(name="speaks"), Signal(name="takes")
        m.d.comb += [
            self._speaks.eq(~(ResetSignal() if in_reset is None else in_reset)),
            self._takes.eq(self._speaks if runs is None else self._speaks & runs),
        ]
        connect_flat(m, self, "s_axil", registers.bus)
        self._silence(m, registers.bus, "s_axil", "awready", "wready", "bvalid", "arready", "rvalid")
        return m, registers

    def _silence(self, m: Module, interface: wiring.PureInterface, prefix: str, *names: str) -> None:
        """Hold outputs low in reset, from its first moment on, and a READY while the clock stands."""
        for name in names:
            allowed = self._takes if name.endswith("ready") else self._speaks
            m.d.comb += getattr(self, f"{prefix}_{name}").eq(getattr(interface, name) & allowed)

    def connect_streams(self, m: Module, packets: wiring.PureInterface, answers: wiring.PureInterface) -> None:
        """Connect the streams of the top level with those of the core, seen from outside; packets wait in reset."""
        awake = Signal()
        m.d.sync += awake.eq(1)
        connect_flat(m, self, "s_axis", packets)
        connect_flat(m, self, "m_axis", answers)
        m.d.comb += [
            packets.tvalid.eq(self.s_axis_tvalid & awake),
            self.s_axis_tready.eq(packets.tready & awake & self._takes),
        ]
        self._silence(m, answers, "m_axis", "tvalid")
