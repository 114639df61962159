"""ADC interface: picks converted columns, adds the codes of the row tiles, saturates, counts saturation."""

from __future__ import annotations

from math import ceil

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.fixed import count_ones, saturate
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, layer_layout
from remora.spec.lib.fixed import unsigned_width


class AdcInterface(wiring.Component):
    """Combinational. Hands out the columns of a layer ``lanes`` at a time.

    ``codes``: as of :class:`remora.hdl.macros.crossbar_array.CrossbarArray`. ``fold``: which group; lane k serves
    column ``fold * lanes + k``; lanes beyond the last column give 0. ``code``: for each lane the sum over the row
    tiles, saturated to ±``adc_limit``, ``adc_bits`` each. ``saturations``: how many codes of the group's tiles are at
    full scale.

    Rules X5 and X6.
    """

    def __init__(self, design: DesignPoint, layer: Layer, lanes: int) -> None:
        self.design, self.lanes = design, lanes
        self.layout = layout = layer_layout(design, layer)
        self.module_name = f"adc_interface_{layer.name.lower()}"
        self.folds = ceil(layout.columns / lanes)
        super().__init__(
            {
                "codes": In(design.formats.adc_bits * layout.columns * layout.row_tiles),
                "fold": In(unsigned_width(self.folds - 1)),
                "code": Out(design.formats.adc_bits * lanes),
                "saturations": Out(range(lanes * layout.row_tiles + 1)),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        bits, columns, lanes, limit = (
            self.design.formats.adc_bits,
            self.layout.columns,
            self.lanes,
            self.design.adc_limit,
        )
        groups = []
        for row_tile in range(self.layout.row_tiles):
            group = Signal(bits * lanes, name=f"row_tile_{row_tile}")
            of_tile = self.codes.word_select(row_tile, bits * columns)
            padded = Cat(of_tile, Const(0, bits * (self.folds * lanes - columns)))
            m.d.comb += group.eq(padded.word_select(self.fold, bits * lanes) if self.folds > 1 else padded)
            groups.append([group.word_select(lane, bits).as_signed() for lane in range(lanes)])

        full_scale = [(code == limit) | (code == -limit) for group in groups for code in group]
        sums = [saturate(sum(group[lane] for group in groups), limit) for lane in range(lanes)]
        m.d.comb += [self.code.eq(Cat(*(each[:bits] for each in sums))), self.saturations.eq(count_ones(full_scale))]
        return m
