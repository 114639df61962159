"""The top level: streams, registers, counters and the core, under the names that an integrator expects."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux
from amaranth.lib import wiring

from remora.hdl.cells.registry import cell_class
from remora.hdl.crossbar.bring_up.macro_watch import CAUSES
from remora.hdl.crossbar.core import Core
from remora.hdl.learning.memory_errors import MemoryErrors
from remora.hdl.lib.counters import Counters
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.interfaces import drive
from remora.hdl.lib.registers import RegisterBlock
from remora.hdl.lib.top import AxiTop
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.memories import host_memories
from remora.spec.crossbar.self_test.plan import CLASS_SHIFT
from remora.spec.lib.packets import Drop


class Remora(AxiTop):
    """A crossbar accelerator.

    The soft reset returns the core to idle and forgets sequences in flight; registers, counters and devices keep their
    content, and packets on both streams stay whole.
    """

    design: DesignPoint

    def elaborate(self, platform) -> Module:
        m, registers = self.begin()
        design = self.design
        core = add_submodule(m, "core", Core(design))
        counters = add_submodule(m, "counters", Counters(core.counts.signature.bits))
        self.connect_streams(m, core.input, core.output)
        self._connect_control(m, registers, core)
        self._connect_window(m, registers, core)
        cell_class(design).connect_registers(m, registers, core.cell, registers.guard_halted)
        if design.capabilities.gains:
            drive(m, core.gain, hidden=registers.hidden_gain_value, readout=registers.readout_gain_value)
        wiring.connect(m, core.counts, counters.increments)
        counters.connect_registers(m, registers)
        if design.capabilities.learns:
            self._connect_learning(m, registers, core)
        if design.capabilities.replays:
            self._connect_reservoir(m, registers, core)
        if design.capabilities.heals:
            self._connect_healing(m, registers, core)
        if host_memories(design):
            self._connect_memory(m, registers, core)
        if design.capabilities.tests_itself:
            self._connect_self_test(m, registers, core)
        if design.capabilities.spares:
            self._connect_spares(m, registers, core)
        if design.capabilities.corrects:
            self._connect_correction(m, registers, core)
        return m

    def _connect_control(self, m: Module, registers: RegisterBlock, core: Core) -> None:
        window = core.window
        ready = ~window.busy & ~core.self_test.busy if self.design.capabilities.tests_itself else ~window.busy
        if self.design.capabilities.calibrates:
            ready = ready & ~core.correction.busy
        m.d.comb += [
            core.run.eq(registers.control_run),
            core.abort.eq(registers.control_soft_reset),
            registers.status_halted.eq(core.halted),
            registers.status_busy.eq(core.busy),
            registers.status_window_busy.eq(window.busy),
            registers.guard_halted.eq(core.halted & ready),
            registers.guard_window.eq(core.halted & ready & window.selection_valid),
            registers.guard_discharged.eq(~window.charged),
            registers.interrupt_status_sequence_done.eq(core.sequence_done),
            registers.interrupt_status_window_done.eq(window.done),
            registers.interrupt_status_window_failed.eq(window.failed),
            registers.interrupt_status_macro_timeout.eq(core.watch.expired),
            core.watch.limit.eq(registers.macro_timeout_cycles),
            *(
                getattr(core.stretch, name).eq(getattr(registers, f"macro_stretch_{name}"))
                for name in core.stretch.signature.members
            ),
            Cat(getattr(registers, f"macro_status_{cause}") for cause in CAUSES).eq(core.watch.causes),
        ]
        for drop in Drop:
            m.d.comb += getattr(registers, f"interrupt_status_dropped_{drop.name.lower()}").eq(core.dropped[drop])

    def _connect_window(self, m: Module, registers: RegisterBlock, core: Core) -> None:
        second = self.design.crossbar.integrators > 1
        drive(
            m,
            core.window,
            layer=registers.window_select_layer,
            tile=registers.window_select_tile,
            slice=registers.window_select_slice,
            column=registers.window_select_column,
            pointer=registers.window_pointer_row,
            data_write=registers.window_data_write,
            data_value=registers.window_data_write_value,
            data_strobes=registers.window_data_write_strobes,
            commit=registers.window_control_commit,
            read=registers.window_control_read,
            drive=registers.window_control_drive,
            convert=registers.window_control_convert,
            planes=registers.window_drive_planes,
            integrator=registers.window_drive_integrator if second else Const(0),
        )
        m.d.comb += [
            registers.window_data_read_value.eq(core.window.data_read_value),
            registers.window_status_mismatches.eq(core.window.mismatches),
            registers.window_status_charged.eq(core.window.charged),
            registers.window_code_value.eq(core.window.code),
        ]
        if self.design.capabilities.verifies:
            m.d.comb += registers.window_unverified_rows.eq(core.window.unverified)

    def _connect_self_test(self, m: Module, registers: RegisterBlock, core: Core) -> None:
        host = core.self_test
        drive(
            m,
            host,
            start=registers.self_test_control_start,
            weigh=registers.self_test_control_weigh,
            threshold=registers.self_test_threshold_sum,
            pointer=registers.self_test_pointer_entry,
            least=registers.self_test_least_sum,
            group=registers.self_test_column_group,
            lane=registers.self_test_column_lane,
        )
        fields = ("column", "row", "side", "layer")
        shown = [getattr(registers, f"self_test_finding_{name}") for name in fields]
        m.d.comb += [
            Cat(*shown).eq(host.finding),
            registers.self_test_finding_defect.eq(host.finding[CLASS_SHIFT:]),
            registers.self_test_status_findings.eq(host.listed),
            registers.self_test_status_overflow.eq(host.overflow),
            registers.self_test_counts0_stuck.eq(host.count_stuck),
            registers.self_test_counts0_offset.eq(host.count_offset),
            registers.self_test_counts1_dead_columns.eq(host.count_dead_column),
            registers.self_test_counts1_dead_converters.eq(host.count_dead_converter),
            registers.self_test_counts2_planes.eq(host.count_plane),
            registers.self_test_sum_codes.eq(host.sum),
            registers.status_self_testing.eq(host.busy),
            registers.interrupt_status_self_tested.eq(host.done),
        ]

    def _connect_spares(self, m: Module, registers: RegisterBlock, core: Core) -> None:
        host, strobes = core.spares, registers.spare_column_write_strobes
        written = Cat(strobe.replicate(8) for strobe in strobes)
        drive(
            m,
            host,
            layer=registers.spare_select_layer,
            tile=registers.spare_select_tile,
            spare=registers.spare_select_spare,
            write=registers.spare_column_write,
            value=(host.shown & ~written) | (registers.spare_column_write_value & written),
        )
        m.d.comb += [
            registers.spare_column_read_value.eq(host.shown),
            registers.guard_spare.eq(registers.guard_halted & host.selection_valid),
        ]

    def _connect_correction(self, m: Module, registers: RegisterBlock, core: Core) -> None:
        host, pointed = core.correction, core.correction.pointed
        m.d.comb += [
            pointed.layer.eq(registers.correction_pointer_layer),
            pointed.column.eq(registers.correction_pointer_column),
        ]
        if self.design.capabilities.calibrates:
            m.d.comb += [
                host.start.eq(registers.calibration_control_start),
                pointed.write.eq(registers.correction_offset_load),
                pointed.offset_value.eq(registers.correction_offset_loaded),
                registers.correction_offset.eq(pointed.offset.as_signed()),
                registers.status_calibrating.eq(host.busy),
                registers.interrupt_status_calibrated.eq(host.done),
            ]
        if self.design.capabilities.digital_bias:
            m.d.comb += [
                pointed.write_bias.eq(registers.correction_bias_bias_load),
                pointed.bias_value.eq(registers.correction_bias_bias_loaded),
                registers.correction_bias_bias.eq(pointed.bias.as_signed()),
            ]

    def _connect_learning(self, m: Module, registers: RegisterBlock, core: Core) -> None:
        host, verifies = core.learning_host, self.design.capabilities.verifies_learning
        drive(
            m,
            host,
            seed=registers.learn_seed_value,
            hidden_rate_shift=registers.learn_rates_hidden_rate_shift,
            readout_rate_shift=registers.learn_rates_readout_rate_shift,
            load_updates=registers.updates_value_load,
            updates_value=registers.updates_value_loaded,
            **({"verify_feedback": registers.verify_feedback_value} if verifies else {}),
            **({"winners": registers.winners_value} if self.design.capabilities.selects else {}),
        )
        m.d.comb += [
            registers.updates_value.eq(host.updates),
            registers.learn_progress_columns.eq(host.columns_done),
            registers.learn_progress_updating.eq(host.updating),
        ]

    def _connect_reservoir(self, m: Module, registers: RegisterBlock, core: Core) -> None:
        """A load of one of the counts loads the other with what it holds."""
        host, presented, filled = core.learning_replay, registers.presented_value_load, registers.filled_value_load
        drive(
            m,
            host,
            ratio=registers.replay_ratio_value,
            freeze=registers.replay_control_freeze,
            clear=registers.replay_control_clear,
            load=presented | filled,
            presented_value=Mux(presented, registers.presented_value_loaded, host.presented),
            filled_value=Mux(filled, registers.filled_value_loaded, host.filled),
        )
        m.d.comb += [
            registers.presented_value.eq(host.presented),
            registers.filled_value.eq(host.filled),
            registers.learn_progress_pending.eq(host.pending),
        ]

    def _connect_healing(self, m: Module, registers: RegisterBlock, core: Core) -> None:
        host = core.learning_healing
        drive(
            m,
            host,
            hidden_rate_shift=registers.heal_rates_hidden_rate_shift,
            readout_rate_shift=registers.heal_rates_readout_rate_shift,
            start=registers.heal_start_value,
            stop=registers.heal_stop_value,
            load_count=registers.heal_count_value_load,
            count_value=registers.heal_count_value_loaded,
            load_control=registers.heal_control_run_load,
            run_value=registers.heal_control_run_loaded,
            policy_value=registers.heal_control_policy_loaded,
            load_accuracy=registers.reservoir_accuracy_value_load,
            accuracy_value=registers.reservoir_accuracy_value_loaded,
        )
        m.d.comb += [
            registers.heal_count_value.eq(host.count),
            registers.heal_control_run.eq(host.run),
            registers.heal_control_policy.eq(host.policy),
            registers.reservoir_accuracy_value.eq(host.accuracy),
            registers.status_healing.eq(host.healing),
            registers.interrupt_status_healed.eq(host.healed),
        ]

    def _connect_memory(self, m: Module, registers: RegisterBlock, core: Core) -> None:
        host = core.learning_memory
        drive(
            m,
            host,
            select=registers.memory_select_memory,
            slice=registers.memory_select_slice,
            address=registers.memory_address_address,
            pointer=registers.memory_pointer_group,
            data_write=registers.memory_data_write,
            data_value=registers.memory_data_write_value,
            data_strobes=registers.memory_data_write_strobes,
            load=registers.memory_control_load,
            store=registers.memory_control_store,
        )
        m.d.comb += [
            registers.memory_data_read_value.eq(host.data_read_value),
            registers.status_memory_busy.eq(host.busy),
            registers.guard_memory_idle.eq(registers.guard_halted & ~host.busy),
            registers.guard_memory.eq(registers.guard_halted & ~host.busy & host.selection_valid),
        ]
        if "word_valid" in host.signature.members:
            m.d.comb += registers.guard_memory_word.eq(host.word_valid)
        if self.design.capabilities.parity:
            errors = add_submodule(m, "memory_errors", MemoryErrors(memories=host_memories(self.design)))
            m.d.comb += [
                errors.errors.eq(host.parity_errors),
                errors.clear.eq(registers.control_soft_reset),
                registers.memory_errors_accumulators.eq(errors.accumulators),
                registers.memory_errors_reservoir.eq(errors.reservoir),
                registers.interrupt_status_memory_parity.eq(host.parity_errors.any()),
            ]
