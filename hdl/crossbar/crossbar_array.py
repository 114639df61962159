"""The crossbar tiles of one layer, side by side, as instances of the macro pair ``remora_crossbar``."""

from __future__ import annotations

from amaranth.hdl import Cat, ClockSignal, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.cells.registry import cell_class
from remora.hdl.crossbar.adc_interface import add_row_tiles
from remora.hdl.crossbar.bring_up.macro_watch import MacroWaits
from remora.hdl.crossbar.bring_up.stretch import countdown
from remora.hdl.crossbar.spares.replacement import bitline_of, codes_of
from remora.hdl.crossbar.spares.spare_map import MappedSpares
from remora.hdl.lib.columns import ConvertedColumns, lanes_of
from remora.hdl.lib.hierarchy import add_macro
from remora.hdl.lib.reading import STROBES, ReadStrobes
from remora.hdl.macros.program_port import PULSED, SENSE, ProgramPort
from remora.spec.crossbar.correction.plan import added_bits
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.gain.code_gain import GAIN_BITS
from remora.spec.crossbar.layout import Layer, Tile, adc_shift, current_bits, first_wordline, layer_layout
from remora.spec.crossbar.tiles import STRETCH_BITS
from remora.spec.lib.fixed import unsigned_width

WORDLINES = ("wl_pos", "wl_neg")


def share_of(design: DesignPoint, layer: Layer, wordlines):
    """A layer's wordlines, in the order of its rows, out of those that the streamer drives."""
    if layer is Layer.HIDDEN and cell_class(design).at_bitlines:
        return Cat(wordlines[: design.network.features], wordlines[-1])
    return wordlines[first_wordline(design, layer) :]


class CrossbarArray(wiring.Component):
    """All tiles of one layer read in step; one of them is programmed at a time.

    Every input of the tiles comes straight from a flip-flop of this block: what the ports say in cycle t, the tiles
    see in cycle t + 1. Where the macro has more rows and columns than a tile uses, the rows that are left over are tied
    to 0, and nothing reads what it tells of them and of the columns.

    Codes do not leave the array all at once, since with many row tiles there are more than a module's ports can carry:
    ``columns`` gives a group at a time, as of :func:`remora.hdl.crossbar.adc_interface.add_row_tiles`. A hidden layer
    whose cells stand at its bitlines has them there; ``columns`` is then what these cells need.

    Stretched, codes are told to be valid ``convert_stretch`` cycles after they are, and tiles to be busy while
    ``recovering``.

    Where the design has spare columns, a tile is told the bitline that serves the selected column, and its codes change
    places accordingly. Another map counts as another selection, since the flags have to settle.

    Rules X1 to X6, B7, G2, G3, K1, Y1 and Y2.

    Ports:
        wl_pos: positive wordlines; every tile takes its share of the rows.
        wl_neg: negative wordlines.
        plane: the bit plane that the wordlines carry.
        strobes: how the tiles are read, all in step.
        columns: the converted columns, or the cells at the bitlines.
        added: for each lane of ``columns`` what is added to its code, ``added_bits`` each, signed, in the same
            cycle; of a design that corrects.
        selected_code: code of the tile and column that ``program`` selects, 0 where there is no such tile.
        program: programs one of the tiles at a time.
        convert_stretch: further cycles of a conversion.
        recovering: the tiles count as busy.
        gain: of the codes that ``columns`` gives, in 2^−12, where the design has gains.
        waits: what the tiles keep the core waiting for.
        spares: what the spare columns stand in for, where the design has some.

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
                **({"added": In(added_bits(design) * self.lanes)} if design.capabilities.corrects else {}),
                "selected_code": Out(design.formats.adc_bits),
                "program": In(ProgramPort(design)),
                "convert_stretch": In(STRETCH_BITS),
                "recovering": In(1),
                "waits": Out(MacroWaits()),
                **({"spares": In(MappedSpares(design, layer))} if design.capabilities.spares else {}),
                **({"gain": In(GAIN_BITS)} if design.capabilities.gains else {}),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        self._pins = self._register_pins(m)
        tiles = [self._instantiate(m, tile) for tile in self.layout.tiles]
        self._sense(m, tiles)
        valid = Signal(name="codes_valid")
        m.d.comb += valid.eq(self._all_valid(m, [outputs["valid"] for outputs in tiles]))
        self._stretch(m, valid)
        self._tell_waits(m, tiles, valid)
        # Tiles run over row tile first, then column tile.
        across = self.layout.column_tiles
        if self.current_bits:
            currents = [outputs["current"] for outputs in tiles]
            columns = [currents[first::across] for first in range(across)]
            self.cell.add_at_bitlines(m, self.design, columns, self.columns, self._pins["reset"])
        else:
            codes = [outputs["code"] for outputs in tiles]
            row_tiles = [Cat(*codes[first : first + across]) for first in range(0, len(codes), across)]
            added = self.added if self.design.capabilities.corrects else None
            gain = self.gain if self.design.capabilities.gains else None
            add_row_tiles(m, self.design, self.layout.layer, self.lanes, row_tiles, self.columns, added, gain)
        return m

    def _register_pins(self, m: Module) -> dict[str, Signal]:
        """What all tiles see alike, straight from flip-flops: the reset, and the strobes with what belongs to them."""
        program, strobes, rows = self.program, self.strobes, self.layout.rows
        pins = {
            "reset": Signal(init=1, name="tile_reset"),
            **{name: Signal(name=f"tile_{name}") for name in STROBES},
            **{name: Signal(rows, name=f"tile_{name}", reset_less=True) for name in WORDLINES},
            "plane": Signal.like(self.plane, name="tile_plane", reset_less=True),
            **{name: Signal(len(getattr(program, name)), name=f"tile_{name}", reset_less=True) for name in PULSED},
        }
        m.d.sync += [pins["reset"].eq(0), *(pins[name].eq(getattr(strobes, name)) for name in STROBES)]
        if self.design.crossbar.integrators == 1:
            pins["integrator"] = Const(0, 1)
        # What means nothing does not toggle.
        with m.If(strobes.drive | strobes.integrate):
            m.d.sync += [pins[name].eq(getattr(self, name)) for name in (*WORDLINES, "plane")]
        # `pulse` comes late for the enables of so many flip-flops. The self-test alone pulses what it has not sensed.
        self._settled = Signal(name="settled")
        with m.If(~self.waits.pulse if self.design.capabilities.tests_itself else self._settled):
            m.d.sync += [pins[name].eq(getattr(program, name)) for name in PULSED]
        self._tile, self._column = Signal.like(program.tile), Signal.like(program.column)
        m.d.sync += [self._tile.eq(program.tile), self._column.eq(program.column)]
        return pins

    def _sense(self, m: Module, tiles: list[dict[str, Value]]) -> None:
        """The flags of the selected tile, once they are right; registered here where learning looks at all of them."""
        program, sense_cycles = self.program, self.design.crossbar.sense_cycles
        flags = {name: Signal(len(getattr(program, name)), name=f"sensed_{name}", reset_less=True) for name in SENSE}
        # Cycles until the flags of the selection are right, counted from the one in which the tiles see it.
        settling = Signal(range(sense_cycles + 1), init=sense_cycles)
        settled, same = self._settled, Signal()
        selected = (program.tile == self._tile) & (program.column == self._column)
        m.d.comb += [
            same.eq(selected & ~self.spares.changed if self.design.capabilities.spares else selected),
            # In reset the tiles do not tell.
            program.busy.eq(self._pins["reset"] | self.waits.pulse | self.recovering),
            program.sensed.eq(settled & same),
            *(getattr(program, name).eq(flags[name]) for name in SENSE),
        ]
        m.d.sync += settled.eq((settling == 0) & same & ~program.busy & ~program.pulse)
        with m.If(~same):
            m.d.sync += settling.eq(sense_cycles)
        with m.Elif(settling != 0):
            m.d.sync += settling.eq(settling - 1)
        shown = {name: Signal.like(flag, name=f"shown_{name}") for name, flag in flags.items()}
        for tile, outputs in zip(self.layout.tiles, tiles, strict=True):
            of_column = Signal(self.design.formats.adc_bits, name=f"{tile.name}_selected_code")
            with m.Switch(outputs["column"]):
                for bitline in range(tile.columns + tile.spares):
                    with m.Case(bitline):
                        m.d.comb += of_column.eq(outputs["bitlines"].word_select(bitline, len(of_column)))
            with m.If(self._tile == tile.index):
                m.d.comb += [shown[name].eq(outputs[name]) for name in SENSE]
                m.d.comb += self.selected_code.eq(of_column)
        if self.design.capabilities.learns:
            with m.If((settling == 0) & ~program.busy):
                m.d.sync += [flag.eq(shown[name]) for name, flag in flags.items()]
        else:
            # The weight window alone looks at them, and registers its slice.
            m.d.comb += [flag.eq(shown[name]) for name, flag in flags.items()]

    def _stretch(self, m: Module, valid: Signal) -> None:
        """The event that codes are valid, so many cycles later."""
        left = countdown(m, valid, self.convert_stretch, "left")
        m.d.comb += self.strobes.valid.eq(Mux(self.convert_stretch.any(), left == 1, valid))

    def _tell_waits(self, m: Module, tiles: list[dict[str, Value]], valid: Signal) -> None:
        waits, converting = self.waits, Signal()
        m.d.comb += [
            waits.conversion.eq(converting & ~valid),
            waits.overrun.eq(waits.conversion & self._pins["convert"]),
            waits.pulse.eq(Cat(outputs["busy"] | outputs["pulse"] for outputs in tiles).any()),
        ]
        m.d.sync += converting.eq(waits.conversion | self._pins["convert"])

    @staticmethod
    def _all_valid(m: Module, valid: list[Value]) -> Value:
        """The event that all tiles have converted, whichever is the last."""
        if len(valid) == 1:
            return valid[0]
        now, before = Cat(*valid), Signal(len(valid), name="converted_before")
        done = (now | before).all()
        m.d.sync += before.eq(Mux(done, 0, now | before))
        return done

    def _instantiate(self, m: Module, tile: Tile) -> dict[str, Value]:
        """A tile's outputs, its pulse, the bitline of it that is selected, and the codes of all its bitlines."""
        design, program, pins = self.design, self.program, self._pins
        formats, crossbar = design.formats, design.crossbar
        outputs = {
            "code": Signal(formats.adc_bits * tile.macro_columns, name=f"{tile.name}_code"),
            "valid": Signal(name=f"{tile.name}_valid"),
            "busy": Signal(name=f"{tile.name}_busy"),
            **{name: Signal(tile.macro_rows, name=f"{tile.name}_{name}") for name in SENSE},
        }
        bitlines = tile.columns + tile.spares
        used = {"code": formats.adc_bits * bitlines, **dict.fromkeys(SENSE, tile.rows)}
        parameters = {}
        if self.current_bits:
            outputs["current"] = Signal(self.current_bits * tile.macro_columns, name=f"{tile.name}_current")
            used["current"] = self.current_bits * tile.columns
            parameters["p_CURRENT_BITS"] = self.current_bits
        if crossbar.reference_level:
            parameters["p_REFERENCE"] = crossbar.reference_level
        macro_column_bits = unsigned_width(tile.macro_columns - 1)
        column_bits = unsigned_width(bitlines - 1)
        column, pulse = Signal(column_bits, name=f"{tile.name}_column"), Signal(name=f"{tile.name}_pulse")
        in_tile = program.column < tile.columns
        # A column that a narrower last tile does not have must not alias one that it has.
        selected = Mux(in_tile, program.column, 0)
        m.d.sync += [
            column.eq(bitline_of(design, tile, self.spares, selected) if tile.spares else selected),
            pulse.eq(program.pulse & (program.tile == tile.index) & in_tile),
        ]
        add_macro(
            m,
            tile.name,
            "remora_crossbar",
            p_ROWS=tile.macro_rows,
            p_COLUMNS=tile.macro_columns,
            p_COLUMN_BITS=macro_column_bits,
            p_PLANE_BITS=len(self.plane),
            p_ADC_BITS=formats.adc_bits,
            p_ADC_SHIFT=adc_shift(design, self.layout.layer),
            p_ADC_CYCLES=crossbar.adc_cycles,
            p_INTEGRATORS=crossbar.integrators,
            p_SENSE_CYCLES=crossbar.sense_cycles,
            p_LEVELS=crossbar.levels,
            p_FRACTION_BITS=crossbar.fraction_bits,
            p_PULSE_CYCLES=crossbar.pulse_cycles,
            p_NAME=tile.name,
            **parameters,
            i_clk=ClockSignal(),
            i_reset=pins["reset"],
            **{f"i_{name}": _tied(pins[name][tile.row_slice], tile.macro_rows) for name in WORDLINES},
            **{f"i_{name}": pins[name] for name in ("plane", *STROBES)},
            i_column=_tied(column, macro_column_bits),
            **{f"i_{name}": _tied(pins[name][: tile.rows], tile.macro_rows) for name in PULSED},
            i_pulse=pulse,
            **{f"o_{name}": signal for name, signal in outputs.items()},
        )
        taken = {name: signal[: used[name]] if name in used else signal for name, signal in outputs.items()}
        taken |= {"column": column, "pulse": pulse, "bitlines": taken["code"]}
        if tile.spares:
            taken["code"] = codes_of(m, design, tile, self.spares, taken["code"])
        return taken


def _tied(value: Value, pins: int) -> Value:
    """A value on the first of so many pins; those that are left over are tied to 0."""
    return Cat(value, Const(0, pins - len(value))) if pins > len(value) else value
