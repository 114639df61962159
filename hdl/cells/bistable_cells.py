"""The bistable cells of the hidden layer, as instances of the macro pair ``remora_bistable``, and their thresholds."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, ClockSignal, Module, Mux, ResetSignal, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.fixed import saturate
from remora.hdl.lib.hierarchy import add_macro
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import cell_groups, current_bits, group_name
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


def threshold_port(design: DesignPoint) -> wiring.Signature:
    """Thresholds of the cells at a layer's bitlines, seen from who loads them.

    ``low`` and ``high`` show the thresholds of cell ``unit`` in the same cycle, 0 where there is no such cell;
    ``load_low`` and ``load_high``, only one at once, load it with ``threshold`` at the end of the cycle.
    """
    bits = signed(design.threshold_bits)
    return wiring.Signature(
        {
            "unit": Out(16),
            "load_low": Out(1),
            "load_high": Out(1),
            "threshold": Out(bits),
            **{name: In(bits) for name in THRESHOLDS},
        }
    )


class CellThresholds(wiring.Component):
    """Combinational. The host's way to the thresholds of the cells, which ``cells`` reaches.

    ``unit`` selects a cell, whose thresholds ``low_value`` and ``high_value`` show, in whole levels, sign-extended; 0
    where ``unit_valid`` is low. ``low_write`` and ``high_write``, only one at once and only while nothing settles,
    store the bytes of ``value`` that ``strobes`` selects, the others staying as they show, and bring the result to
    ±``threshold_limit``.

    Rules B1 to B5.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        super().__init__({**CELL_HOST_MEMBERS, "cells": Out(threshold_port(design))})

    def elaborate(self, platform) -> Module:
        m = Module()
        old, merged = Signal(signed(WORD_BITS)), Signal(signed(WORD_BITS))
        m.d.comb += [
            self.unit_valid.eq(self.unit < self.design.network.hidden),
            *(getattr(self, f"{name}_value").eq(getattr(self.cells, name)) for name in THRESHOLDS),
            old.eq(Mux(self.high_write, self.cells.high, self.cells.low)),
            *(
                merged[8 * byte : 8 * byte + 8].eq(
                    Mux(self.strobes[byte], self.value.word_select(byte, 8), old[8 * byte : 8 * byte + 8])
                )
                for byte in range(WORD_BYTES)
            ),
            self.cells.unit.eq(self.unit),
            *(getattr(self.cells, f"load_{name}").eq(getattr(self, f"{name}_write")) for name in THRESHOLDS),
            self.cells.threshold.eq(saturate(merged, self.design.threshold_limit)),
        ]
        return m


def add_cells(
    m: Module, design: DesignPoint, currents: Sequence[Sequence[Value]], clear: Value, settle: Value, thresholds
) -> Value:
    """One cell a hidden unit; one macro for the columns of a column of tiles, whose currents it adds.

    Args:
        currents: of each column of tiles, for each of its row tiles what the bitlines hand on, in words of
            ``remora.spec.crossbar.layout.current_bits``.
        clear: all cells are reset at the end of the cycle.
        settle: at the end of the cycle every cell sets, resets or holds, by its current in that cycle.
        thresholds: of :func:`threshold_port`, flipped.

    Returns:
        One bit a unit, its state. Rules B1 to B5.
    """
    states = []
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
            i_reset=ResetSignal(),
            i_current=Cat(*rails),
            i_clear=clear,
            i_settle=settle,
            i_cell_index=Mux(selected, thresholds.unit - group.first_column, 0)[:cell_bits],
            i_load_low=thresholds.load_low & selected,
            i_load_high=thresholds.load_high & selected,
            i_threshold=thresholds.threshold,
            **{f"o_{each}": signal for each, signal in outputs.items()},
        )
        states.append(outputs["state"])
        with m.If(selected):
            m.d.comb += [getattr(thresholds, each).eq(outputs[each]) for each in THRESHOLDS]
    return Cat(*states)
