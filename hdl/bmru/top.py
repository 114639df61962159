"""The top level of a BMRU design: streams, registers, counters and the controller, under the usual names."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from remora.hdl.bmru.always_on import AlwaysOn
from remora.hdl.bmru.controller import BmruController
from remora.hdl.lib.counters import Counters
from remora.hdl.lib.hierarchy import add_macro, add_submodule
from remora.hdl.lib.interfaces import drive
from remora.hdl.lib.registers import RegisterBlock
from remora.hdl.lib.top import AxiTop
from remora.spec.bmru.counters import BmruCounter
from remora.spec.bmru.design import BmruDesign
from remora.spec.bmru.frames import FrameDrop
from remora.spec.lib.registers import WORD_BITS


class BmruRemora(AxiTop):
    """A BMRU accelerator. All but `AlwaysOn` and the counter of cycles runs on a gated clock.

    While that stands, no READY is high. Whatever would be taken wakes it and waits for two cycles at most.

    The soft reset forgets frames, clip and votes and unpowers the core; registers, counters and codes stay, and packets
    on both streams stay whole.

    Ports:
        clock_enable: the gated clock ticks at the end of this cycle; it may tick in others while a test holds the gate
            open.
    """

    design: BmruDesign

    def __init__(self, design: BmruDesign) -> None:
        super().__init__(design, clock_enable=Out(1))

    def elaborate(self, platform) -> Module:
        gated, in_reset = Signal(), Signal()
        m, registers = self.begin(gated, self.clock_enable, in_reset)
        always_on = add_submodule(m, "always_on", AlwaysOn(), clock=self.aclk)
        cycles = add_submodule(m, "cycles", Counters({BmruCounter.CYCLES: 1}, "cycle_counter"), clock=self.aclk)
        controller = add_submodule(m, "controller", BmruController(self.design))
        counters = add_submodule(m, "counters", Counters(controller.counts.signature.bits))
        enable = always_on.enable
        if self.design.has_test_pin:
            enable = enable | self.test_mode
        if self.design.has_memory_test:
            enable = enable | self.memory_test_enable
        add_macro(m, "gate", "remora_clock_gate", i_clk=self.aclk, i_enable=enable, o_gated=gated)
        self.connect_streams(m, controller.input, controller.output)
        self._connect_control(m, registers, controller)
        self._connect_always_on(m, registers, controller, always_on)
        m.d.comb += in_reset.eq(always_on.in_reset)
        self._connect_scan(m, registers, controller.scan)
        wiring.connect(m, controller.counts, counters.increments)
        m.d.comb += cycles.increments.cycles.eq(1)
        for each in (counters, cycles):
            each.connect_registers(m, registers)
        self._connect_charge(m, registers, controller)
        return m

    def _connect_always_on(
        self, m: Module, registers: RegisterBlock, controller: BmruController, always_on: AlwaysOn
    ) -> None:
        bus, packets, answers = registers.bus, controller.input, controller.output
        asks = [
            *(getattr(bus, f"{channel}valid") & getattr(bus, f"{channel}ready") for channel in ("aw", "w", "ar")),
            bus.bvalid,
            bus.rvalid,
            packets.tvalid & packets.tready,
            answers.tvalid,
            controller.active,
        ]
        m.d.comb += [
            always_on.asks.eq(Cat(asks).any()),
            always_on.waits.eq(controller.waits),
            always_on.run.eq(controller.paced),
            always_on.period.eq(registers.pace_period),
            always_on.start.eq(controller.start & always_on.enable),
            controller.due.eq(always_on.due),
            self.clock_enable.eq(always_on.enable),
        ]

    def _connect_control(self, m: Module, registers: RegisterBlock, controller: BmruController) -> None:
        settings = controller.configured
        m.d.comb += [
            controller.run.eq(registers.control_run),
            controller.abort.eq(registers.control_soft_reset),
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
        ]
        for name in ("halted", "busy", "programmed", "in_clip"):
            m.d.comb += getattr(registers, f"status_{name}").eq(getattr(controller, name))
        for name in ("clip_done", "wake", "clip_cut", "feature_saturated"):
            m.d.comb += getattr(registers, f"interrupt_status_{name}").eq(getattr(controller, name))
        for drop in FrameDrop:
            event = getattr(registers, f"interrupt_status_dropped_{drop.name.lower()}")
            m.d.comb += event.eq(controller.dropped[drop])

    def _connect_scan(self, m: Module, registers: RegisterBlock, scan) -> None:
        drive(
            m,
            scan,
            load=registers.scan_control_load,
            verify=registers.scan_control_verify,
            read=registers.scan_control_read,
            check=registers.scan_check_value,
            data_write=registers.scan_data_write,
            data_value=registers.scan_data_write_value,
            data_strobes=registers.scan_data_write_strobes,
            data_read=registers.scan_data_read,
        )
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

    def _connect_charge(self, m: Module, registers: RegisterBlock, controller: BmruController) -> None:
        """The core's meter, copied with the counters."""
        charge = Signal.like(controller.charge)
        with m.If(registers.control_snapshot):
            m.d.sync += charge.eq(controller.charge)
        m.d.comb += Cat(registers.charge_low_value, registers.charge_high_value).eq(charge)
