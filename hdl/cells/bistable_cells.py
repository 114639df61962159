"""The bistable cells of the hidden layer, as instances of the macro pair ``remora_bistable``, and their thresholds."""

from __future__ import annotations

from amaranth.hdl import Cat, ClockSignal, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.cells.cell import Cell
from remora.hdl.lib.fixed import saturate
from remora.hdl.lib.hierarchy import add_macro
from remora.hdl.lib.interfaces import drive
from remora.hdl.lib.registers import RegisterBlock
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import cell_groups, current_bits, group_name
from remora.spec.lib.fixed import unsigned_width
from remora.spec.lib.registers import WORD_BITS, WORD_BYTES

THRESHOLDS = ("low", "high")


class SettleControl(wiring.Signature):
    """Strobes of cells at the bitlines, seen from the sequencer. The cells see them a cycle later.

    Ports:
        clear: all cells are reset.
        settle: every cell sets, resets or holds, by its current in the cycle in which it sees the strobe.
    """

    def __init__(self) -> None:
        super().__init__({"clear": Out(1), "settle": Out(1)})


class ThresholdHost(wiring.Signature):
    """The way to the thresholds of the cells, seen from the registers.

    Ports:
        unit: selects a cell.
        unit_valid: there is such a cell.
        low_write: stores a low threshold; never at once with ``high_write``, and only while nothing settles.
        high_write: stores a high threshold.
        value: the word whose bytes are stored; the result is brought to ±``threshold_limit``.
        strobes: the bytes of ``value`` that are stored; the others stay as they show.
        low_value: the low threshold in whole levels, sign-extended; 0 where ``unit_valid`` is low.
        high_value: the high threshold, in the same way.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "unit": Out(16),
                "unit_valid": In(1),
                **{f"{name}_write": Out(1) for name in THRESHOLDS},
                "value": Out(WORD_BITS),
                "strobes": Out(WORD_BYTES),
                **{f"{name}_value": In(WORD_BITS) for name in THRESHOLDS},
            }
        )


class ThresholdPort(wiring.Signature):
    """Thresholds of the cells at a layer's bitlines, seen from who loads them.

    Ports:
        unit: selects a cell.
        load_low: the low threshold takes ``threshold`` at the end of the cycle; never at once with ``load_high``.
        load_high: the high threshold takes ``threshold`` at the end of the cycle.
        threshold: what is loaded.
        low: the low threshold of cell ``unit`` in the same cycle, 0 where there is no such cell.
        high: its high threshold, in the same way.
    """

    def __init__(self, design: DesignPoint) -> None:
        bits = signed(design.threshold_bits)
        super().__init__(
            {
                "unit": Out(16),
                "load_low": Out(1),
                "load_high": Out(1),
                "threshold": Out(bits),
                **{name: In(bits) for name in THRESHOLDS},
            }
        )


class BitlineCells(wiring.Signature):
    """The cells at the bitlines, seen from who controls them.

    Ports:
        control: when they are cleared and when they settle.
        thresholds: to load and show.
        state: of each unit, one bit.
    """

    def __init__(self, design: DesignPoint) -> None:
        super().__init__(
            {
                "control": Out(SettleControl()),
                "thresholds": Out(ThresholdPort(design)),
                "state": In(design.network.hidden),
            }
        )


class BistableCell(Cell):
    """Combinational. The host's way to the cells at the bitlines, and their states as words of one bit.

    A state's word is its one bit, on the lowest plane.

    Rules B1 to B5.
    """

    at_bitlines = True

    @classmethod
    def control_port(cls, design: DesignPoint) -> wiring.Signature:
        return SettleControl()

    @classmethod
    def column_port(cls, design: DesignPoint) -> wiring.Signature:
        return BitlineCells(design)

    @classmethod
    def host_port(cls, design: DesignPoint) -> wiring.Signature:
        return ThresholdHost()

    @classmethod
    def connect_registers(cls, m: Module, registers: RegisterBlock, host: wiring.PureInterface, halted: Value) -> None:
        high = registers.cell_high_write
        drive(
            m,
            host,
            unit=registers.cell_pointer_unit,
            value=Mux(high, registers.cell_high_write_value, registers.cell_low_write_value),
            strobes=Mux(high, registers.cell_high_write_strobes, registers.cell_low_write_strobes),
            **{f"{name}_write": getattr(registers, f"cell_{name}_write") for name in THRESHOLDS},
        )
        m.d.comb += [
            *(getattr(registers, f"cell_{name}_read_value").eq(getattr(host, f"{name}_value")) for name in THRESHOLDS),
            registers.guard_cells.eq(halted & host.unit_valid),
        ]

    @classmethod
    def add_at_bitlines(
        cls, m: Module, design: DesignPoint, currents: list[list[Value]], columns: wiring.PureInterface, reset: Value
    ) -> None:
        """One cell a hidden unit; one macro for the columns of a column of tiles, whose currents it adds."""
        states, thresholds = [], columns.thresholds
        strobes = {name: Signal(name=f"cells_{name}") for name in columns.control.signature.members}
        m.d.sync += [strobe.eq(getattr(columns.control, name)) for name, strobe in strobes.items()]
        for group, rails in zip(cell_groups(design), currents, strict=True):
            name, cell_bits = group_name(group), unsigned_width(group.columns - 1)
            outputs = {
                "state": Signal(group.columns, name=f"{name}_state"),
                **{each: Signal(signed(design.threshold_bits), name=f"{name}_{each}") for each in THRESHOLDS},
            }
            selected = Signal(name=f"{name}_selected")
            below = thresholds.unit < group.first_column + group.columns
            m.d.comb += selected.eq(below & (thresholds.unit >= group.first_column) if group.first_column else below)
            add_macro(
                m,
                name,
                "remora_bistable",
                p_CELLS=group.columns,
                p_CELL_BITS=cell_bits,
                p_ROW_TILES=len(rails),
                p_CURRENT_BITS=current_bits(design),
                p_FRACTION_BITS=design.crossbar.fraction_bits,
                p_THRESHOLD_BITS=design.threshold_bits,
                p_NAME=name,
                i_clk=ClockSignal(),
                i_reset=reset,
                i_current=Cat(*rails),
                **{f"i_{name}": strobe for name, strobe in strobes.items()},
                i_cell_index=Mux(selected, thresholds.unit - group.first_column, 0)[:cell_bits],
                i_load_low=thresholds.load_low & selected,
                i_load_high=thresholds.load_high & selected,
                i_threshold=thresholds.threshold,
                **{f"o_{each}": signal for each, signal in outputs.items()},
            )
            states.append(outputs["state"])
            with m.If(selected):
                m.d.comb += [getattr(thresholds, each).eq(outputs[each]) for each in THRESHOLDS]
        m.d.comb += columns.state.eq(Cat(*states))

    def elaborate(self, platform) -> Module:
        m = Module()
        host, thresholds = self.host, self.columns.thresholds
        old, merged = Signal(signed(WORD_BITS)), Signal(signed(WORD_BITS))
        padding = Const(0, self.design.formats.stream_bits)
        wiring.connect(m, wiring.flipped(self.control), wiring.flipped(self.columns.control))
        m.d.comb += [
            self.words.eq(Cat(*(Cat(bit, padding) for bit in self.columns.state))),
            self.readout_words.eq(self.words),
            host.unit_valid.eq(host.unit < self.design.network.hidden),
            *(getattr(host, f"{name}_value").eq(getattr(thresholds, name)) for name in THRESHOLDS),
            old.eq(Mux(host.high_write, thresholds.high, thresholds.low)),
            *(
                merged[8 * byte : 8 * byte + 8].eq(
                    Mux(host.strobes[byte], host.value.word_select(byte, 8), old[8 * byte : 8 * byte + 8])
                )
                for byte in range(WORD_BYTES)
            ),
            thresholds.unit.eq(host.unit),
            *(getattr(thresholds, f"load_{name}").eq(getattr(host, f"{name}_write")) for name in THRESHOLDS),
            thresholds.threshold.eq(saturate(merged, self.design.threshold_limit)),
        ]
        return m
