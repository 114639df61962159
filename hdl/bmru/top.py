"""The top level of a BMRU design: streams, registers, counters and the controller, under the usual names."""

from __future__ import annotations

from amaranth.hdl import Cat, ClockDomain, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.bmru.controller import METERED, BmruController
from remora.hdl.bmru.scan_loader import HOST_MEMBERS
from remora.hdl.lib.axi import AxiLite, AxiStream, connect_flat, flat_members
from remora.hdl.lib.counters import Counters
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.registers import RegisterBlock
from remora.spec.bmru.counters import BmruCounter
from remora.spec.bmru.design import BmruDesign
from remora.spec.bmru.frames import FrameDrop
from remora.spec.lib.packets import BEAT_BYTES
from remora.spec.lib.registers import ADDRESS_BITS, WORD_BITS


class BmruRemora(wiring.Component):
    """Ports: ``aclk``, ``aresetn`` (synchronous, active low), AXI4-Stream ``s_axis`` and ``m_axis``, AXI4-Lite
    ``s_axil``, ``irq``, and ``clock_enable``, which is low while the BMRU core needs no clock: it says when an
    integrator who splits the core's clock off may stop it. Nothing is gated in here: all runs on ``aclk``.

    The soft reset forgets frames, clip and votes and unpowers the core; registers, counters and codes stay, and packets
    on both streams stay whole.
    """

    def __init__(self, design: BmruDesign) -> None:
        self.design = design
        super().__init__(
            {
                "aclk": In(1),
                "aresetn": In(1),
                **flat_members("s_axis", In(AxiStream(BEAT_BYTES))),
                **flat_members("m_axis", Out(AxiStream(BEAT_BYTES))),
                **flat_members("s_axil", In(AxiLite(ADDRESS_BITS))),
                "irq": Out(1),
                "clock_enable": Out(1),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        m.domains.sync = sync = ClockDomain()
        registers = add_submodule(m, "registers", RegisterBlock(self.design))
        controller = add_submodule(m, "controller", BmruController(self.design))
        counted = [counter for counter in BmruCounter if counter is not BmruCounter.CHARGE]
        counters = add_submodule(m, "counters", Counters(controller.increment_bits, counted))
        m.d.comb += [sync.clk.eq(self.aclk), sync.rst.eq(~self.aresetn)]
        connect_flat(m, self, "s_axis", controller.input)
        connect_flat(m, self, "m_axis", controller.output)
        connect_flat(m, self, "s_axil", registers.bus)
        self._connect_control(m, registers, controller)
        self._connect_scan(m, registers, controller.scan)
        self._connect_counters(m, registers, counters, controller)
        return m

    def _connect_control(self, m: Module, registers: RegisterBlock, controller: BmruController) -> None:
        settings = controller.configured
        m.d.comb += [
            controller.run.eq(registers.control_run),
            controller.abort.eq(registers.control_soft_reset),
            controller.period.eq(registers.pace_period),
            settings.frames.eq(registers.vote_frames),
            settings.sliding.eq(registers.vote_sliding),
            settings.wake_class.eq(registers.vote_wake_class),
            settings.threshold.eq(registers.wake_threshold_votes),
            settings.report_frames.eq(registers.report_frames),
            settings.report_votes.eq(registers.report_votes),
            registers.guard_halted.eq(controller.halted),
            registers.awake_last.eq(controller.awake_last),
            registers.awake_most.eq(controller.awake_most),
            registers.state_bits.eq(controller.state.word_select(registers.state_select_word, WORD_BITS)),
            # In reset too, so that the core's clock runs while it is reset.
            self.clock_enable.eq(controller.clock_enable | ~self.aresetn),
            self.irq.eq(registers.irq),
        ]
        for name in ("halted", "busy", "programmed", "in_clip"):
            m.d.comb += getattr(registers, f"status_{name}").eq(getattr(controller, name))
        for name in ("clip_done", "wake", "clip_cut", "feature_saturated"):
            m.d.comb += getattr(registers, f"interrupt_status_{name}").eq(getattr(controller, name))
        for drop in FrameDrop:
            event = getattr(registers, f"interrupt_status_dropped_{drop.name.lower()}")
            m.d.comb += event.eq(controller.dropped[drop])

    def _connect_scan(self, m: Module, registers: RegisterBlock, scan) -> None:
        sources = {
            "load": registers.scan_control_load,
            "verify": registers.scan_control_verify,
            "read": registers.scan_control_read,
            "check": registers.scan_check_value,
            "data_write": registers.scan_data_write,
            "data_value": registers.scan_data_write_value,
            "data_strobes": registers.scan_data_write_strobes,
            "data_read": registers.scan_data_read,
        }
        assert sources.keys() == {name for name, member in HOST_MEMBERS.items() if member.flow is In}
        m.d.comb += [getattr(scan, name).eq(source) for name, source in sources.items()]
        m.d.comb += [
            registers.scan_data_read_value.eq(scan.data_read_value),
            registers.status_scan_busy.eq(scan.busy),
            registers.scan_status_ready.eq(scan.wants_word | scan.has_word),
            registers.scan_status_written_wrong.eq(scan.written_wrong),
            registers.scan_status_chain_wrong.eq(scan.chain_wrong),
            registers.scan_status_latches_wrong.eq(scan.latches_wrong),
            registers.scan_found_value.eq(scan.found),
            registers.interrupt_status_scan_done.eq(scan.done),
            registers.interrupt_status_scan_failed.eq(scan.failed),
            registers.guard_scan.eq(registers.guard_halted & ~scan.busy),
            registers.guard_scan_word.eq(scan.wants_word),
        ]

    def _connect_counters(self, m: Module, registers: RegisterBlock, counters: Counters, controller) -> None:
        m.d.comb += [counters.snapshot.eq(registers.control_snapshot), counters.cycles_increment.eq(1)]
        charge = Signal.like(controller.charge)
        with m.If(registers.control_snapshot):
            m.d.sync += charge.eq(controller.charge)
        for counter in BmruCounter:
            name = counter.name.lower()
            if counter not in METERED:
                m.d.comb += getattr(counters, f"{name}_increment").eq(getattr(controller, f"{name}_increment"))
            words = Cat(getattr(registers, f"{name}_low_value"), getattr(registers, f"{name}_high_value"))
            m.d.comb += words.eq(charge if counter is BmruCounter.CHARGE else getattr(counters, name))
