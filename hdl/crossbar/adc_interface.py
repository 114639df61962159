"""ADC interface: picks converted columns, adds the codes of the row tiles, saturates, counts saturation."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.fixed import count_ones, saturate
from remora.hdl.lib.hierarchy import add_submodule
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, layer_layout, sum_bits
from remora.spec.lib.fixed import unsigned_width


def folds(design: DesignPoint, layer: Layer, lanes: int) -> int:
    """Groups of ``lanes`` columns that a layer has."""
    return ceil(layer_layout(design, layer).columns / lanes)


class AdcInterface(wiring.Component):
    """Combinational. Hands out the columns of one row tile of a layer ``lanes`` at a time, added to those of others.

    ``codes``: of the row tile, column j in word j of ``adc_bits``. ``fold``: which group; lane k serves column
    ``fold * lanes + k``; lanes beyond the last column add 0. ``sum_before`` and ``counted_before``: ``sum`` and
    ``counted`` of the row tiles before. ``sum``: for each lane the sum with this row tile's code, exact, ``sum_bits``
    each. ``counted``: with how many codes of this row tile's group at full scale.

    All row tiles of a layer are instances of one module, which is as wide as one of them.

    Rules X5 and X6.
    """

    def __init__(self, design: DesignPoint, layer: Layer, lanes: int) -> None:
        self.design, self.lanes = design, lanes
        self.layout = layout = layer_layout(design, layer)
        self.module_name = f"adc_interface_{layer.name.lower()}"
        self.folds = folds(design, layer, lanes)
        self.sum_bits = sum_bits(design, layer)
        count = range(lanes * layout.row_tiles + 1)
        super().__init__(
            {
                "codes": In(design.formats.adc_bits * layout.columns),
                "fold": In(unsigned_width(self.folds - 1)),
                "sum_before": In(self.sum_bits * lanes),
                "counted_before": In(count),
                "sum": Out(self.sum_bits * lanes),
                "counted": Out(count),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        bits, lanes, limit = self.design.formats.adc_bits, self.lanes, self.design.formats.adc_limit
        group = Signal(bits * lanes)
        padded = Cat(self.codes, Const(0, bits * (self.folds * lanes - self.layout.columns)))
        m.d.comb += group.eq(padded.word_select(self.fold, bits * lanes) if self.folds > 1 else padded)
        codes = [group.word_select(lane, bits).as_signed() for lane in range(lanes)]
        before = [self.sum_before.word_select(lane, self.sum_bits).as_signed() for lane in range(lanes)]
        full_scale = count_ones((code == limit) | (code == -limit) for code in codes)
        m.d.comb += [
            self.sum.eq(Cat(*((was + code)[: self.sum_bits] for was, code in zip(before, codes, strict=True)))),
            self.counted.eq(self.counted_before + full_scale),
        ]
        return m


def add_row_tiles(
    m: Module, design: DesignPoint, layer: Layer, lanes: int, row_tiles: Sequence[Value], fold: Value
) -> tuple[Value, Value]:
    """One ADC interface a row tile, each adding to what the one before hands on.

    Args:
        row_tiles: the codes of each row tile, as :class:`AdcInterface` takes them.
        fold: the group of columns, as there.

    Returns:
        For each lane the sum over the row tiles, saturated to ±``adc_limit``, ``adc_bits`` each; and how many codes of
        the group's tiles are at full scale. Rules X5 and X6.
    """
    total, counted = Const(0), Const(0)
    for index, codes in enumerate(row_tiles):
        adc = add_submodule(m, f"adc_{index}", AdcInterface(design, layer, lanes))
        m.d.comb += [adc.codes.eq(codes), adc.fold.eq(fold), adc.sum_before.eq(total), adc.counted_before.eq(counted)]
        total, counted = adc.sum, adc.counted
    bits = design.formats.adc_bits
    sums = [total.word_select(lane, adc.sum_bits).as_signed() for lane in range(lanes)]
    return Cat(*(saturate(each, design.formats.adc_limit)[:bits] for each in sums)), counted
