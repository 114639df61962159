"""ADC interface: picks converted columns, adds the codes of the row tiles, saturates, counts saturation."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.crossbar.gain.code_gain import CodeGain
from remora.hdl.lib.columns import folds
from remora.hdl.lib.fixed import count_ones, saturate
from remora.hdl.lib.hierarchy import add_submodule
from remora.spec.crossbar.correction.plan import added_bits
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, layer_layout, sum_bits
from remora.spec.lib.fixed import unsigned_width


class AdcInterface(wiring.Component):
    """Combinational. Hands out the columns of one row tile of a layer ``lanes`` at a time, added to those of others.

    All row tiles of a layer are instances of one module, which is as wide as one of them. Lane k serves column
    ``fold * lanes + k``; lanes beyond the last column add 0.

    Rules X5 and X6.

    Ports:
        codes: of the row tile, column j in word j of ``adc_bits``.
        fold: the group of columns.
        sum_before: ``sum`` of the row tiles before.
        counted_before: ``counted`` of the row tiles before.
        sum: for each lane the sum with this row tile's code, exact, ``sum_bits`` each.
        counted: how many codes of the group are at full scale, those of the row tiles before included.
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
        with m.Switch(self.fold):
            for fold in range(self.folds):
                with m.Case(fold):
                    m.d.comb += group.eq(padded.word_select(fold, bits * lanes))
        codes = [group.word_select(lane, bits).as_signed() for lane in range(lanes)]
        before = [self.sum_before.word_select(lane, self.sum_bits).as_signed() for lane in range(lanes)]
        full_scale = count_ones((code == limit) | (code == -limit) for code in codes)
        m.d.comb += [
            self.sum.eq(Cat(*((was + code)[: self.sum_bits] for was, code in zip(before, codes, strict=True)))),
            self.counted.eq(self.counted_before + full_scale),
        ]
        return m


def add_row_tiles(
    m: Module,
    design: DesignPoint,
    layer: Layer,
    lanes: int,
    row_tiles: Sequence[Value],
    columns: wiring.PureInterface,
    added: Value | None = None,
    gain: Value | None = None,
) -> None:
    """One ADC interface a row tile, each adding to what the one before hands on. Rules X5, X6, K1 and G2.

    Args:
        row_tiles: the codes of each row tile, as :class:`AdcInterface` takes them.
        columns: of :class:`remora.hdl.lib.columns.ConvertedColumns`, flipped; what it asks for is answered here: for
            each lane the sum over the row tiles, times the gain, saturated to ±``adc_limit``.
        added: for each lane a signed number of ``added_bits`` that is added to that sum before; None: nothing is.
        gain: of :class:`remora.hdl.crossbar.gain.code_gain.CodeGain`; None where the design has none.
    """
    total, counted = Const(0), Const(0)
    for index, codes in enumerate(row_tiles):
        adc = add_submodule(m, f"adc_{index}", AdcInterface(design, layer, lanes))
        m.d.comb += [adc.codes.eq(codes), adc.fold.eq(columns.fold)]
        m.d.comb += [adc.sum_before.eq(total), adc.counted_before.eq(counted)]
        total, counted = adc.sum, adc.counted
    bits = design.formats.adc_bits
    sums = [total.word_select(lane, adc.sum_bits).as_signed() for lane in range(lanes)]
    if added is not None:
        sums = [each + added.word_select(k, added_bits(design)).as_signed() for k, each in enumerate(sums)]
    if gain is None:
        code: Value = Cat(*(saturate(each, design.formats.adc_limit)[:bits] for each in sums))
    else:
        scaled = add_submodule(m, "scaling", CodeGain(design, layer, lanes))
        wide = scaled.sum_bits
        m.d.comb += [scaled.sum.word_select(lane, wide).eq(each) for lane, each in enumerate(sums)]
        m.d.comb += scaled.gain.eq(gain)
        code = scaled.code
    m.d.comb += [columns.code.eq(code), columns.saturations.eq(counted)]
