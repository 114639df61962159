"""How a tile follows the map of its spare columns: the column that it is told, and the codes that it gives."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring

from remora.hdl.crossbar.spares.spare_map import column_bits
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Tile


def _stand_ins(design: DesignPoint, tile: Tile, spares: wiring.PureInterface) -> list[tuple[Value, Value]]:
    """Of each spare of a tile the column that it stands in for, and whether it does."""
    bits, first = column_bits(design), tile.index * tile.spares
    return [
        (spares.columns.word_select(number, bits), spares.enabled[number])
        for number in range(first, first + tile.spares)
    ]


def bitline_of(design: DesignPoint, tile: Tile, spares: wiring.PureInterface, column: Value) -> Value:
    """The bitline of the macro that serves a column of the tile. Rule Y2."""
    found = column
    for spare, (stands_for, enabled) in reversed(list(enumerate(_stand_ins(design, tile, spares)))):
        found = Mux(enabled & (stands_for == column), tile.columns + spare, found)
    return found


def codes_of(m: Module, design: DesignPoint, tile: Tile, spares: wiring.PureInterface, code: Value) -> Value:
    """The codes of a tile's columns, out of those of all bitlines of its macro. Rule Y2.

    Of each spare a multiplexer of two a column.
    """
    bits, own = design.formats.adc_bits, []
    stand_ins = _stand_ins(design, tile, spares)
    for column in range(tile.columns):
        found = code.word_select(column, bits)
        for spare, (stands_for, enabled) in reversed(list(enumerate(stand_ins))):
            found = Mux(enabled & (stands_for == column), code.word_select(tile.columns + spare, bits), found)
        own.append(found)
    codes = Signal(bits * tile.columns, name=f"{tile.name}_own_code")
    m.d.comb += codes.eq(Cat(*own))
    return codes
