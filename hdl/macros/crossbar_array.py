"""The crossbar tiles of one layer, side by side, as instances of the macro pair ``remora_crossbar``."""

from __future__ import annotations

from amaranth.hdl import Cat, ClockSignal, Const, Module, Mux, ResetSignal, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.hierarchy import place_macro
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, Tile, adc_shift, current_bits, first_wordline, layer_layout
from remora.spec.lib.fixed import unsigned_width


def program_port(design: DesignPoint) -> wiring.Signature:
    """Program and sense port of one layer, seen from the controller.

    ``tile`` and ``column`` select; the sense flags answer in the same cycle, low for rows that the tile does not have.
    ``pulse`` launches a pulse on the rows of ``up`` or ``down``, on the side of the pair that ``side`` names (0: g⁺,
    1: g⁻); ``busy`` is high from the next cycle until the pulse has ended.
    """
    rows = design.crossbar.rows
    return wiring.Signature(
        {
            "tile": Out(8),
            "column": Out(unsigned_width(design.crossbar.columns - 1)),
            "up": Out(rows),
            "down": Out(rows),
            "side": Out(rows),
            "pulse": Out(1),
            "busy": In(1),
            "pos_rest": In(rows),
            "pos_full": In(rows),
            "neg_rest": In(rows),
            "neg_full": In(rows),
        }
    )


SENSE = ("pos_rest", "pos_full", "neg_rest", "neg_full")


def share_program(m: Module, target, selected, first, second) -> None:
    """Let two controllers share a program port: the outputs of ``first`` reach it while ``selected``, else those of
    ``second``.

    Flags and ``busy`` go to both, so that either sees a pulse that the other, or a reset, has left under way.
    """
    for name, member in first.signature.members.items():
        mine, theirs, shared = getattr(first, name), getattr(second, name), getattr(target, name)
        if member.flow is Out:
            m.d.comb += shared.eq(Mux(selected, mine, theirs))
        else:
            m.d.comb += [mine.eq(shared), theirs.eq(shared)]


def share_of(design: DesignPoint, layer: Layer, wordlines):
    """A layer's wordlines, in the order of its rows, out of those that the streamer drives."""
    if design.bistable and layer is Layer.HIDDEN:
        return Cat(wordlines[: design.network.features], wordlines[-1])
    return wordlines[first_wordline(design, layer) :]


class CrossbarArray(wiring.Component):
    """All tiles of one layer read in step; one of them is programmed at a time.

    ``wl_pos``, ``wl_neg``, ``plane``, ``integrate``, ``sample``, ``convert``: to every tile, each taking its share of
    rows.
    ``codes``: code of (row tile r, column j) in word ``r * columns + j`` of ``adc_bits``; stable while ``valid``.
    ``current``, of a layer with bistable cells: what each tile's bitlines hand on, in the order of the codes, in words
    of ``remora.spec.crossbar.layout.current_bits``.

    Rules X1 to X4 and B7.
    """

    def __init__(self, design: DesignPoint, layer: Layer) -> None:
        self.design = design
        self.layout = layout = layer_layout(design, layer)
        self.module_name = f"crossbar_array_{layer.name.lower()}"
        self.current_bits = current_bits(design) if design.bistable and layer is Layer.HIDDEN else 0
        current = {"current": Out(self.current_bits * layout.columns * layout.row_tiles)} if self.current_bits else {}
        super().__init__(
            {
                "wl_pos": In(layout.rows),
                "wl_neg": In(layout.rows),
                "plane": In(range(design.formats.stream_bits)),
                "integrate": In(1),
                "sample": In(1),
                "convert": In(1),
                "codes": Out(design.formats.adc_bits * layout.columns * layout.row_tiles),
                "valid": Out(1),
                **current,
                "program": In(program_port(design)),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        valid, busy, codes, current = [], [], [], []
        for tile in self.layout.tiles:
            outputs = self._instantiate(m, tile)
            codes.append(outputs["code"])
            valid.append(outputs["valid"])
            busy.append(outputs["busy"])
            current.append(outputs.get("current", Const(0, 0)))
            with m.If(self.program.tile == tile.index):
                m.d.comb += [getattr(self.program, name).eq(outputs[name]) for name in SENSE]
        m.d.comb += [
            # Tiles run over row tile first, then column tile: exactly the order of the codes.
            self.codes.eq(Cat(*codes)),
            self.valid.eq(Cat(*valid).all()),
            self.program.busy.eq(Cat(*busy).any()),
        ]
        if self.current_bits:
            m.d.comb += self.current.eq(Cat(*current))
        return m

    def _instantiate(self, m: Module, tile: Tile) -> dict[str, Signal]:
        design, program = self.design, self.program
        formats, crossbar = design.formats, design.crossbar
        outputs = {
            "code": Signal(formats.adc_bits * tile.columns, name=f"{tile.name}_code"),
            "valid": Signal(name=f"{tile.name}_valid"),
            "busy": Signal(name=f"{tile.name}_busy"),
            **{name: Signal(tile.rows, name=f"{tile.name}_{name}") for name in SENSE},
        }
        parameters = {}
        if self.current_bits:
            outputs["current"] = Signal(self.current_bits * tile.columns, name=f"{tile.name}_current")
            parameters["p_CURRENT_BITS"] = self.current_bits
        selected = Signal(name=f"{tile.name}_selected")
        m.d.comb += selected.eq(program.tile == tile.index)
        column_bits = unsigned_width(tile.columns - 1)
        # A column that a narrower last tile does not have must not alias one that it has.
        column = Mux(program.column < tile.columns, program.column, 0)[:column_bits]
        place_macro(
            m,
            tile.name,
            "remora_crossbar",
            p_ROWS=tile.rows,
            p_COLUMNS=tile.columns,
            p_COLUMN_BITS=column_bits,
            p_PLANE_BITS=len(self.plane),
            p_ADC_BITS=formats.adc_bits,
            p_ADC_SHIFT=adc_shift(design, self.layout.layer),
            p_ADC_CYCLES=crossbar.adc_cycles,
            p_LEVELS=crossbar.levels,
            p_FRACTION_BITS=crossbar.fraction_bits,
            p_PULSE_CYCLES=crossbar.pulse_cycles,
            p_NAME=tile.name,
            **parameters,
            i_clk=ClockSignal(),
            i_reset=ResetSignal(),
            i_wl_pos=self.wl_pos[tile.row_slice],
            i_wl_neg=self.wl_neg[tile.row_slice],
            i_plane=self.plane,
            i_integrate=self.integrate,
            i_sample=self.sample,
            i_convert=self.convert,
            i_column=column,
            i_up=program.up[: tile.rows],
            i_down=program.down[: tile.rows],
            i_side=program.side[: tile.rows],
            i_pulse=program.pulse & selected & (program.column < tile.columns),
            **{f"o_{name}": signal for name, signal in outputs.items()},
        )
        return outputs
