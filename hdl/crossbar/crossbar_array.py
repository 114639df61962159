"""The crossbar tiles of one layer, side by side, as instances of the macro pair ``remora_crossbar``."""

from __future__ import annotations

from amaranth.hdl import Cat, ClockSignal, Const, Module, Mux, ResetSignal, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.cells.registry import cell_class
from remora.hdl.crossbar.adc_interface import add_row_tiles
from remora.hdl.crossbar.control import ReadStrobes
from remora.hdl.lib.columns import ConvertedColumns, lanes_of
from remora.hdl.lib.hierarchy import add_macro
from remora.hdl.macros.program_port import SENSE, ProgramPort
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, Tile, adc_shift, current_bits, first_wordline, layer_layout
from remora.spec.lib.fixed import unsigned_width


def share_of(design: DesignPoint, layer: Layer, wordlines):
    """A layer's wordlines, in the order of its rows, out of those that the streamer drives."""
    if layer is Layer.HIDDEN and cell_class(design).at_bitlines:
        return Cat(wordlines[: design.network.features], wordlines[-1])
    return wordlines[first_wordline(design, layer) :]


class CrossbarArray(wiring.Component):
    """All tiles of one layer read in step; one of them is programmed at a time.

    Codes do not leave the array all at once, since with many row tiles there are more than a module's ports can carry:
    ``columns`` gives a group at a time, as of :func:`remora.hdl.crossbar.adc_interface.add_row_tiles`. A hidden layer
    whose cells stand at its bitlines has them there; ``columns`` is then what these cells need.

    Rules X1 to X6 and B7.

    Ports:
        wl_pos: positive wordlines; every tile takes its share of the rows.
        wl_neg: negative wordlines.
        plane: the bit plane that the wordlines carry.
        strobes: how the tiles are read, all in step.
        columns: the converted columns, or the cells at the bitlines.
        selected_code: code of the tile and column that ``program`` selects, 0 where there is no such tile.
        program: programs one of the tiles at a time.

    Args:
        lanes: how many columns are asked for at once; None: as many as the core takes of this layer.
    """

    def __init__(self, design: DesignPoint, layer: Layer, lanes: int | None = None) -> None:
        self.design = design
        self.layout = layout = layer_layout(design, layer)
        self.module_name = f"crossbar_array_{layer.name.lower()}"
        self.cell = cell_class(design)
        self.current_bits = current_bits(design) if self.cell.at_bitlines and layer is Layer.HIDDEN else 0
        self.lanes = lanes or lanes_of(design, layer)
        super().__init__(
            {
                "wl_pos": In(layout.rows),
                "wl_neg": In(layout.rows),
                "plane": In(range(design.formats.stream_bits)),
                "strobes": In(ReadStrobes()),
                "columns": In(
                    self.cell.column_port(design) if self.current_bits else ConvertedColumns(design, layer, self.lanes)
                ),
                "selected_code": Out(design.formats.adc_bits),
                "program": In(ProgramPort(design)),
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
            of_column = outputs["code"].word_select(outputs["column"], self.design.formats.adc_bits)
            with m.If(self.program.tile == tile.index):
                m.d.comb += [getattr(self.program, name).eq(outputs[name]) for name in SENSE]
                m.d.comb += self.selected_code.eq(of_column)
        m.d.comb += [self.strobes.valid.eq(Cat(*valid).all()), self.program.busy.eq(Cat(*busy).any())]
        # Tiles run over row tile first, then column tile.
        across = self.layout.column_tiles
        if self.current_bits:
            columns = [current[first::across] for first in range(across)]
            self.cell.add_at_bitlines(m, self.design, columns, self.columns)
        else:
            row_tiles = [Cat(*codes[first : first + across]) for first in range(0, len(codes), across)]
            add_row_tiles(m, self.design, self.layout.layer, self.lanes, row_tiles, self.columns)
        return m

    def _instantiate(self, m: Module, tile: Tile) -> dict[str, Value]:
        """A tile's outputs, and the column of it that is selected."""
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
        add_macro(
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
            i_integrate=self.strobes.integrate,
            i_sample=self.strobes.sample,
            i_convert=self.strobes.convert,
            i_column=column,
            i_up=program.up[: tile.rows],
            i_down=program.down[: tile.rows],
            i_side=program.side[: tile.rows],
            i_pulse=program.pulse & selected & (program.column < tile.columns),
            **{f"o_{name}": signal for name, signal in outputs.items()},
        )
        return {**outputs, "column": column}
