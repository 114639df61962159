"""Code gain: multiplies the summed codes of a layer by a gain that software sets against drift."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.fixed import round_shift, saturate
from remora.spec.crossbar.correction.plan import added_bits
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.gain.code_gain import FRACTION_BITS, GAIN_BITS
from remora.spec.crossbar.layout import Layer, sum_bits


class GainHost(wiring.Signature):
    """The gains of both layers, seen from the registers; to be changed only while the core is halted.

    Ports:
        hidden: of the hidden layer, in 2^−12.
        readout: of the readout.
    """

    def __init__(self) -> None:
        super().__init__({layer.name.lower(): Out(GAIN_BITS) for layer in Layer})


class CodeGain(wiring.Component):
    """Combinational: a multiplier a lane, between the sum of the row tiles and who takes the code, in the same cycle.

    Rules G1 and G2.

    Ports:
        sum: of each lane, exact, ``sum_bits`` of the layer each, and more where something corrects columns.
        gain: of the layer, in 2^−12, unsigned.
        code: of each lane, scaled, rounded and saturated to ±``adc_limit``, ``adc_bits`` each.
    """

    def __init__(self, design: DesignPoint, layer: Layer, lanes: int) -> None:
        self.design, self.lanes = design, lanes
        self.module_name = f"code_gain_{layer.name.lower()}"
        # What corrects a column may be in the sum.
        of_tiles = sum_bits(design, layer)
        self.sum_bits = max(of_tiles, added_bits(design)) + 1 if design.capabilities.corrects else of_tiles
        super().__init__(
            {
                "sum": In(self.sum_bits * lanes),
                "gain": In(GAIN_BITS),
                "code": Out(design.formats.adc_bits * lanes),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        bits, limit = self.design.formats.adc_bits, self.design.formats.adc_limit
        codes = []
        for lane in range(self.lanes):
            total = self.sum.word_select(lane, self.sum_bits).as_signed()
            scaled = Signal(signed(self.sum_bits + GAIN_BITS + 1 - FRACTION_BITS), name=f"scaled_{lane}")
            m.d.comb += scaled.eq(round_shift(total * self.gain, FRACTION_BITS))
            codes.append(saturate(scaled, limit)[:bits])
        m.d.comb += self.code.eq(Cat(*codes))
        return m
