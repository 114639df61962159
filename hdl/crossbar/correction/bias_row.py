"""Bias row: stands for the row of devices of a layer's biases, which are digital words, at the program port."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.macros.program_port import SENSE, ProgramPort
from remora.spec.crossbar.correction.plan import COLUMN_BITS, bias_bits
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, layer_layout


class BiasRow(wiring.Component):
    """Combinational. Passes a program port on, but for the last row of the layer: its pulses move the digital bias of
    the column, and its flags are what that bias says of a pair of ideal devices.

    Rules K6, K7 and P1.

    Ports:
        outer: of who programs.
        inner: of the tiles; their last row is never pulsed.
        passive: everything passes, the last row too.
        column: of the layer, that is selected in its last row tile; beyond its columns where another row tile is.
        bias: of that column, signed.
        step: that bias moves by a level.
        raises: it moves up.
    """

    def __init__(self, design: DesignPoint, layer: Layer) -> None:
        self.design, self.layout = design, layer_layout(design, layer)
        self.module_name = f"bias_row_{layer.name.lower()}"
        super().__init__(
            {
                "outer": In(ProgramPort(design)),
                "inner": Out(ProgramPort(design)),
                "passive": In(1),
                "column": Out(COLUMN_BITS),
                "bias": In(bias_bits(design)),
                "step": Out(1),
                "raises": Out(1),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        layout, crossbar, outer, inner = self.layout, self.design.crossbar, self.outer, self.inner
        first = (layout.row_tiles - 1) * layout.column_tiles
        row = layout.rows - 1 - (layout.row_tiles - 1) * crossbar.rows
        bias, most = self.bias.as_signed(), crossbar.weight_limit
        here = Signal()
        flags = {
            "pos_rest": bias <= 0, "pos_full": bias == most, "neg_rest": bias >= 0, "neg_full": bias == -most,
        }  # fmt: skip
        if crossbar.reference_level:
            # g⁻ stays where it is, neither at rest nor full.
            flags = {"pos_rest": bias == -most, "pos_full": bias == most, "neg_rest": 0, "neg_full": 0}
        up, down = outer.up[row], outer.down[row]
        m.d.comb += [
            here.eq((outer.tile >= first) & ~self.passive),
            self.column.eq((outer.tile - first) * crossbar.columns + outer.column),
            self.step.eq(outer.pulse & here & (up ^ down)),
            # A pulse up on g⁻ lowers the bias.
            self.raises.eq(up ^ outer.side[row]),
            *(getattr(inner, name).eq(getattr(outer, name)) for name in ("tile", "column", "side", "pulse")),
            *(getattr(inner, name).eq(_masked(getattr(outer, name), row, here, 0)) for name in ("up", "down")),
            *(getattr(outer, name).eq(getattr(inner, name)) for name in ("busy", "sensed")),
            *(getattr(outer, name).eq(_masked(getattr(inner, name), row, here, flags[name])) for name in SENSE),
        ]
        return m


def _masked(value: Value, row: int, here: Value, other: Value | int) -> Value:
    """A value whose bit of a row is another one while ``here``."""
    return Cat(value[:row], Mux(here, other, value[row]), value[row + 1 :])
