"""The top level: streams, registers, counters and the core, under the names that an integrator expects."""

from __future__ import annotations

from amaranth.hdl import Cat, ClockDomain, Module, Mux
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.cells.bistable_cells import CELL_HOST_MEMBERS, THRESHOLDS
from remora.hdl.crossbar.core import Core
from remora.hdl.crossbar.weight_window import HOST_MEMBERS
from remora.hdl.learning.memory_window import memory_window_members
from remora.hdl.lib.axi import AxiLite, AxiStream, connect_flat, flat_members
from remora.hdl.lib.counters import Counters
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.registers import RegisterBlock
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.memories import host_memories
from remora.spec.lib.packets import BEAT_BYTES, Drop
from remora.spec.lib.registers import ADDRESS_BITS


class Remora(wiring.Component):
    """Ports: ``aclk``, ``aresetn`` (synchronous, active low), AXI4-Stream ``s_axis`` and ``m_axis``, AXI4-Lite
    ``s_axil``, ``irq``.

    The soft reset returns the core to idle and forgets sequences in flight; registers, counters and devices keep their
    content, and packets on both streams stay whole.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        super().__init__(
            {
                "aclk": In(1),
                "aresetn": In(1),
                **flat_members("s_axis", In(AxiStream(BEAT_BYTES))),
                **flat_members("m_axis", Out(AxiStream(BEAT_BYTES))),
                **flat_members("s_axil", In(AxiLite(ADDRESS_BITS))),
                "irq": Out(1),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        m.domains.sync = sync = ClockDomain()
        registers = add_submodule(m, "registers", RegisterBlock(self.design))
        core = add_submodule(m, "core", Core(self.design))
        counters = add_submodule(m, "counters", Counters(core.increment_bits, self.design.counters()))

        m.d.comb += [
            sync.clk.eq(self.aclk),
            sync.rst.eq(~self.aresetn),
        ]
        connect_flat(m, self, "s_axis", core.input)
        connect_flat(m, self, "m_axis", core.output)
        connect_flat(m, self, "s_axil", registers.bus)
        self._connect_control(m, registers, core)
        self._connect_window(m, registers, core)
        if self.design.capabilities.bistable:
            self._connect_cells(m, registers, core)
        self._connect_counters(m, registers, counters, core)
        if self.design.capabilities.learns:
            self._connect_learning(m, registers, core)
        if self.design.capabilities.replays:
            self._connect_reservoir(m, registers, core)
        if host_memories(self.design):
            self._connect_memory(m, registers, core)
        return m

    def _connect_learning(self, m: Module, registers: RegisterBlock, core: Core) -> None:
        m.d.comb += [
            core.seed.eq(registers.learn_seed_value),
            core.hidden_rate_shift.eq(registers.learn_rates_hidden_rate_shift),
            core.readout_rate_shift.eq(registers.learn_rates_readout_rate_shift),
            core.load_updates.eq(registers.updates_value_load),
            core.updates_value.eq(registers.updates_value_loaded),
            registers.updates_value.eq(core.updates),
            registers.learn_progress_columns.eq(core.columns_done),
            registers.learn_progress_updating.eq(core.updating),
        ]
        if self.design.capabilities.selects:
            m.d.comb += core.winners.eq(registers.winners_value)

    def _connect_reservoir(self, m: Module, registers: RegisterBlock, core: Core) -> None:
        """A load of one of the counts loads the other with what it holds."""
        presented, filled = registers.presented_value_load, registers.filled_value_load
        m.d.comb += [
            core.replay_ratio.eq(registers.replay_ratio_value),
            core.freeze.eq(registers.replay_control_freeze),
            core.clear_reservoir.eq(registers.replay_control_clear),
            core.load_reservoir.eq(presented | filled),
            core.presented_value.eq(Mux(presented, registers.presented_value_loaded, core.presented)),
            core.filled_value.eq(Mux(filled, registers.filled_value_loaded, core.filled)),
            registers.presented_value.eq(core.presented),
            registers.filled_value.eq(core.filled),
            registers.learn_progress_pending.eq(core.pending),
        ]

    def _connect_memory(self, m: Module, registers: RegisterBlock, core: Core) -> None:
        sources = {
            "select": registers.memory_select_memory,
            "address": registers.memory_address_address,
            "pointer": registers.memory_pointer_group,
            "data_write": registers.memory_data_write,
            "data_value": registers.memory_data_write_value,
            "data_strobes": registers.memory_data_write_strobes,
            "load": registers.memory_control_load,
            "store": registers.memory_control_store,
        }
        members = memory_window_members(host_memories(self.design))
        assert sources.keys() == {name for name, member in members.items() if member.flow is In}
        m.d.comb += [getattr(core.memory, name).eq(source) for name, source in sources.items()]
        m.d.comb += [
            registers.memory_data_read_value.eq(core.memory.data_read_value),
            registers.status_memory_busy.eq(core.memory.busy),
            registers.guard_memory.eq(registers.guard_halted & ~core.memory.busy & core.memory.selection_valid),
        ]
        if "word_valid" in members:
            m.d.comb += registers.guard_memory_word.eq(core.memory.word_valid)

    def _connect_control(self, m: Module, registers: RegisterBlock, core: Core) -> None:
        coefficients = () if self.design.capabilities.bistable else ("reset_coefficient", "update_coefficient")
        m.d.comb += [
            core.run.eq(registers.control_run),
            core.abort.eq(registers.control_soft_reset),
            *(getattr(core, name).eq(getattr(registers, f"{name}_value")) for name in coefficients),
            registers.status_halted.eq(core.halted),
            registers.status_busy.eq(core.busy),
            registers.status_window_busy.eq(core.window.busy),
            registers.guard_halted.eq(core.halted & ~core.window.busy),
            registers.guard_window.eq(core.halted & ~core.window.busy & core.window.selection_valid),
            registers.interrupt_status_sequence_done.eq(core.sequence_done),
            registers.interrupt_status_window_done.eq(core.window.done),
            registers.interrupt_status_window_failed.eq(core.window.failed),
            self.irq.eq(registers.irq),
        ]
        for drop in Drop:
            m.d.comb += getattr(registers, f"interrupt_status_dropped_{drop.name.lower()}").eq(core.dropped[drop])

    def _connect_window(self, m: Module, registers: RegisterBlock, core: Core) -> None:
        sources = {
            "layer": registers.window_select_layer,
            "tile": registers.window_select_tile,
            "column": registers.window_select_column,
            "pointer": registers.window_pointer_row,
            "data_write": registers.window_data_write,
            "data_value": registers.window_data_write_value,
            "data_strobes": registers.window_data_write_strobes,
            "commit": registers.window_control_commit,
            "read": registers.window_control_read,
        }
        assert sources.keys() == {name for name, member in HOST_MEMBERS.items() if member.flow is In}
        m.d.comb += [getattr(core.window, name).eq(source) for name, source in sources.items()]
        m.d.comb += [
            registers.window_data_read_value.eq(core.window.data_read_value),
            registers.window_status_mismatches.eq(core.window.mismatches),
        ]

    def _connect_cells(self, m: Module, registers: RegisterBlock, core: Core) -> None:
        high = registers.cell_high_write
        sources = {
            "unit": registers.cell_pointer_unit,
            **{f"{name}_write": getattr(registers, f"cell_{name}_write") for name in THRESHOLDS},
            "value": Mux(high, registers.cell_high_write_value, registers.cell_low_write_value),
            "strobes": Mux(high, registers.cell_high_write_strobes, registers.cell_low_write_strobes),
        }
        assert sources.keys() == {name for name, member in CELL_HOST_MEMBERS.items() if member.flow is In}
        m.d.comb += [getattr(core.cells, name).eq(source) for name, source in sources.items()]
        m.d.comb += [
            *(getattr(registers, f"cell_{n}_read_value").eq(getattr(core.cells, f"{n}_value")) for n in THRESHOLDS),
            registers.guard_cells.eq(core.halted & ~core.window.busy & core.cells.unit_valid),
        ]

    def _connect_counters(self, m: Module, registers: RegisterBlock, counters: Counters, core: Core) -> None:
        m.d.comb += [counters.snapshot.eq(registers.control_snapshot), counters.cycles_increment.eq(1)]
        for counter in self.design.counters():
            name = counter.name.lower()
            if counter is not Counter.CYCLES:
                m.d.comb += getattr(counters, f"{name}_increment").eq(getattr(core, f"{name}_increment"))
            words = Cat(getattr(registers, f"{name}_low_value"), getattr(registers, f"{name}_high_value"))
            m.d.comb += words.eq(getattr(counters, name))
