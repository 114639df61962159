"""The bistable cells of the hidden layer, as instances of the macro pair ``remora_bistable``, and their thresholds."""

from __future__ import annotations

from amaranth.hdl import Cat, ClockSignal, Module, Mux, ResetSignal, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.fixed import saturate
from remora.hdl.lib.hierarchy import place_macro
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, Tile, cell_groups, current_bits, group_name, layer_layout
from remora.spec.lib.fixed import unsigned_width
from remora.spec.lib.registers import WORD_BITS, WORD_BYTES

THRESHOLDS = ("low", "high")
CELL_HOST_MEMBERS = {
    "unit": In(16),
    "unit_valid": Out(1),
    **{f"{name}_write": In(1) for name in THRESHOLDS},
    "value": In(WORD_BITS),
    "strobes": In(WORD_BYTES),
    **{f"{name}_value": Out(WORD_BITS) for name in THRESHOLDS},
}
"""What the registers drive and read, through the levels between."""


class BistableCells(wiring.Component):
    """One cell a hidden unit; one macro for the columns of a column of tiles.

    ``current``: as of :class:`remora.hdl.macros.crossbar_array.CrossbarArray`. ``clear``: all cells are reset at the
    end of the cycle. ``settle``: at the end of the cycle every cell sets, resets or holds, by its current in that
    cycle. ``state``: one bit a unit.

    ``unit`` selects a cell, whose thresholds ``low_value`` and ``high_value`` show, in whole levels, sign-extended; 0
    where ``unit_valid`` is low. ``low_write`` and ``high_write``, only one at once and only while nothing settles,
    store the bytes of ``value`` that ``strobes`` selects, the others staying as they show, and bring the result to
    ±``threshold_limit``.

    Rules B1 to B5.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design, self.layout = design, layer_layout(design, Layer.HIDDEN)
        bits = current_bits(design)
        super().__init__(
            {
                "current": In(bits * self.layout.columns * self.layout.row_tiles),
                "clear": In(1),
                "settle": In(1),
                "state": Out(self.layout.columns),
                **CELL_HOST_MEMBERS,
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        shown = {name: Signal(signed(self.design.threshold_bits), name=f"shown_{name}") for name in THRESHOLDS}
        old, merged = Signal(signed(WORD_BITS)), Signal(signed(WORD_BITS))
        threshold = Signal(signed(self.design.threshold_bits))
        m.d.comb += [
            self.unit_valid.eq(self.unit < self.layout.columns),
            *(getattr(self, f"{name}_value").eq(value) for name, value in shown.items()),
            old.eq(Mux(self.high_write, shown["high"], shown["low"])),
            *(
                merged[8 * byte : 8 * byte + 8].eq(
                    Mux(self.strobes[byte], self.value.word_select(byte, 8), old[8 * byte : 8 * byte + 8])
                )
                for byte in range(WORD_BYTES)
            ),
            threshold.eq(saturate(merged, self.design.threshold_limit)),
        ]
        states = []
        for group in cell_groups(self.design):
            outputs = self._instantiate(m, group, threshold)
            states.append(outputs["state"])
            with m.If(self._selects(group)):
                m.d.comb += [shown[name].eq(outputs[name]) for name in THRESHOLDS]
        m.d.comb += self.state.eq(Cat(*states))
        return m

    def _selects(self, group: Tile):
        below = self.unit < group.first_column + group.columns
        return below & (self.unit >= group.first_column) if group.first_column else below

    def _instantiate(self, m: Module, group: Tile, threshold: Signal) -> dict[str, Signal]:
        name, bits = group_name(group), current_bits(self.design)
        outputs = {
            "state": Signal(group.columns, name=f"{name}_state"),
            **{each: Signal(signed(self.design.threshold_bits), name=f"{name}_{each}") for each in THRESHOLDS},
        }
        selected, cell_bits = Signal(name=f"{name}_selected"), unsigned_width(group.columns - 1)
        m.d.comb += selected.eq(self._selects(group))
        index = Mux(selected, self.unit - group.first_column, 0)[:cell_bits]
        firsts = [tile * self.layout.columns + group.first_column for tile in range(self.layout.row_tiles)]
        place_macro(
            m,
            name,
            "remora_bistable",
            p_CELLS=group.columns,
            p_CELL_BITS=cell_bits,
            p_ROW_TILES=self.layout.row_tiles,
            p_CURRENT_BITS=bits,
            p_FRACTION_BITS=self.design.crossbar.fraction_bits,
            p_THRESHOLD_BITS=self.design.threshold_bits,
            p_NAME=name,
            i_clk=ClockSignal(),
            i_reset=ResetSignal(),
            i_current=Cat(*(self.current[bits * first : bits * (first + group.columns)] for first in firsts)),
            i_clear=self.clear,
            i_settle=self.settle,
            i_cell_index=index,
            i_load_low=self.low_write & selected,
            i_load_high=self.high_write & selected,
            i_threshold=threshold,
            **{f"o_{each}": signal for each, signal in outputs.items()},
        )
        return outputs
