"""The map of the spare columns: which column of its tile each of them stands in for."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, all_tiles, layer_layout
from remora.spec.crossbar.tiles import MAX_TILE
from remora.spec.lib.fixed import unsigned_width

ENABLE_BIT = 31
COLUMN_BITS = unsigned_width(MAX_TILE - 1)


def column_bits(design: DesignPoint) -> int:
    """Width of a column of the widest tile."""
    return unsigned_width(max(tile.columns for tile in all_tiles(design)) - 1)


class SpareMapHost(wiring.Signature):
    """The map, seen from the registers.

    Ports:
        layer: of the tile.
        tile: of the layer.
        spare: of the tile.
        write: sets the selected spare; only while ``selection_valid``.
        value: as of the register SPARE_COLUMN.
        shown: what that register reads.
        selection_valid: there is such a spare.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "layer": Out(1),
                "tile": Out(8),
                "spare": Out(2),
                "write": Out(1),
                "value": Out(32),
                "shown": In(32),
                "selection_valid": In(1),
            }
        )


class MappedSpares(wiring.Signature):
    """What the spares of a layer stand in for, seen from its crossbar array.

    Ports:
        columns: of every tile and each of its spares a column of the tile, that of tile 0 and spare 0 in the low bits.
        enabled: likewise, whether the spare stands in for it.
        changed: high in the first cycle of another map.
    """

    def __init__(self, design: DesignPoint, layer: Layer) -> None:
        spares = len(layer_layout(design, layer).tiles) * design.crossbar.spare_columns
        super().__init__({"columns": Out(spares * column_bits(design)), "enabled": Out(spares), "changed": Out(1)})


class SpareMap(wiring.Component):
    """Flip-flops for the map. A write in cycle t shows in t + 1; no reset but that of the pin touches them.

    Rules Y2 and Y3.

    Ports:
        host: the registers.
        hidden: to the array of the hidden layer.
        readout: to that of the readout.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        super().__init__(
            {
                "host": In(SpareMapHost()),
                **{layer.name.lower(): Out(MappedSpares(design, layer)) for layer in Layer},
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        host, bits, spares = self.host, column_bits(self.design), self.design.crossbar.spare_columns
        column, changed = host.value[:COLUMN_BITS], Signal()
        m.d.sync += changed.eq(host.write)
        for layer in Layer:
            mapped, columns, enabled = getattr(self, layer.name.lower()), [], []
            for tile in layer_layout(self.design, layer).tiles:
                for spare in range(spares):
                    name = f"{tile.name}_spare_{spare}"
                    of_spare, in_use = Signal(bits, name=f"{name}_column"), Signal(name=f"{name}_enabled")
                    here = (host.layer == layer) & (host.tile == tile.index) & (host.spare == spare)
                    with m.If(here):
                        m.d.comb += [
                            host.selection_valid.eq(1),
                            host.shown.eq(of_spare),
                            host.shown[ENABLE_BIT].eq(in_use),
                        ]
                        with m.If(host.write):
                            m.d.sync += [
                                of_spare.eq(column),
                                in_use.eq(host.value[ENABLE_BIT] & (column < tile.columns)),
                            ]
                    columns.append(of_spare)
                    enabled.append(in_use)
            m.d.comb += [
                mapped.columns.eq(Cat(*columns)),
                mapped.enabled.eq(Cat(*enabled)),
                mapped.changed.eq(changed),
            ]
        return m
