"""The crossbar array, cycle by cycle: what reaches each pin of each tile, and what becomes of the tiles' answers.

The tiles are stand-ins that answer at random, each in its own time. Rules X5, X6, G2, G3, K1, Y1 and Y2.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from remora.hdl.macros.program_port import SENSE
from remora.spec.crossbar.correction.plan import added_bits
from remora.spec.crossbar.gain.code_gain import FRACTION_BITS, LEAST, MOST, UNITY
from remora.spec.crossbar.layout import Layer, Tile, layer_layout
from remora.spec.crossbar.tiles import STRETCH_BITS
from remora.spec.lib.fixed import round_shift, saturate, unsigned_width
from remora.tb.blocks.crossbar.crossbar_driver import SENSE_LATENCY
from remora.tb.lib.bench import Block, BlockBench, block_test, pack, some_integers

CYCLES = 3_300
STROBES = ("integrate", "integrator", "sample", "convert")
WORDLINES = ("wl_pos", "wl_neg")
PULSED = ("up", "down", "side")
PAUSES_EVERY, PAUSE = 1_000, 300
"""Cycles between the ends of two pauses, in which nothing is converted, and of one."""
MOST_CYCLES = 4
"""Cycles that a stand-in takes at most for a conversion or a pulse."""


class OpenTile:
    """A stand-in for a tile: its pins and its answers.

    Attributes:
        codes: of all bitlines of the macro, in this cycle.
        flags: of all rows of the macro, in this cycle.
        valid, busy: what it says in this cycle.
        due: the cycle in which its codes are valid, or were.
    """

    def __init__(self, bench: BlockBench, block: Block, tile: Tile) -> None:
        self.random, self.tile, self.design = bench.random, tile, block.design
        self._handle = getattr(getattr(bench.dut, block.name), tile.name)
        rows, planes = tile.macro_rows, unsigned_width(block.design.formats.stream_bits - 1)
        self._widths = {
            "reset": 1, "wl_pos": rows, "wl_neg": rows, "plane": planes, **dict.fromkeys(STROBES, 1),
            "column": unsigned_width(tile.macro_columns - 1), **dict.fromkeys(PULSED, rows), "pulse": 1,
        }  # fmt: skip
        self.due = self._free = 0
        self.codes: list[int] = []
        self.flags: dict[str, int] = {}
        self.valid = self.busy = 0

    def answer(self, now: int, reset: bool, pulse: bool) -> None:
        """Say something, as these pins of the cycle allow; a pulse is answered from the next cycle on."""
        random, limit, tile = self.random, self.design.formats.adc_limit, self.tile
        self.codes = some_integers(random, -limit, limit, tile.macro_columns)
        self.flags = {name: random.getrandbits(tile.macro_rows) for name in SENSE}
        self.valid, self.busy = int(not reset and now == self.due), int(not reset and now < self._free)
        word = pack(self.codes, self.design.formats.adc_bits)
        at = self.design.formats.adc_bits * tile.macro_columns
        for flag in self.flags.values():
            word |= flag << at
            at += tile.macro_rows
        self._handle.answers.value = word | self.valid << at | self.busy << at + 1
        if reset:
            # A pulse goes on, and a conversion is forgotten.
            self.due = now
        if pulse and not reset:
            self._free = now + 1 + random.randint(1, MOST_CYCLES)

    def convert(self, now: int) -> None:
        """Its pin begins a conversion in this cycle."""
        self.due = now + self.random.randint(1, MOST_CYCLES)

    def pins(self) -> dict[str, int]:
        """What its pins carried in the cycle that has just ended."""
        word, found = int(self._handle.pins.value), {}
        for name, width in self._widths.items():
            found[name] = word & (1 << width) - 1
            word >>= width
        return found


class Account:
    """What an array owes to its tiles and to the core, from what it was given in the cycles before."""

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.design = bench, block, block.design
        self.layer = Layer(block.parameters["layer"])
        self.layout = layer_layout(self.design, self.layer)
        self.lanes = block.parameters.get("lanes") or (self.design.cell.lanes if self.layer is Layer.HIDDEN else 1)
        self.folds = -(-self.layout.columns // self.lanes)
        self.tiles = [OpenTile(bench, block, tile) for tile in self.layout.tiles]
        self.spares, self.tally = self.design.crossbar.spare_columns, Counter[str]()
        # The cycle before the first one was in reset.
        self.now, self.given = -1, {name: 0 for name in (*PULSED, *WORDLINES)}
        self.map: dict[tuple[int, int], tuple[int, int]] = {
            (tile.index, spare): (0, 0) for tile in self.layout.tiles for spare in range(self.spares)
        }
        # Pins whose flip-flops have no reset, as they are known; then what a reset leaves.
        self.lines: dict[str, int] | None = None
        self.rows: dict[str, int] | None = None
        # Integrators that hold something, before whose sample no pulse may come; whether more is to come.
        self.gathered: set[int] = set()
        self.gathers = True
        self._forget()
        self.now = 0

    def _forget(self) -> None:
        """What a reset in this cycle leaves for the next."""
        self.pins: dict[str, int] = {"reset": 1, **dict.fromkeys(STROBES, 0)}
        self.columns, self.pulses = [0] * len(self.tiles), [0] * len(self.tiles)
        self.selected, self.changed_at = (0, 0), self.now
        self.settled = self.sampled = False
        # Tiles that have converted since all had; whether a conversion is under way; when it is told to have ended.
        self.converted: set[int] = set()
        self.converting, self.told_at = False, -1
        self.flags = dict.fromkeys(SENSE, 0)
        self.gathered.clear()

    # Stimuli ----------------------------------------------------------------------------------------------------------
    def drive(self, reset: bool) -> None:
        """Answer as the tiles, and give the array whatever its contract allows."""
        random, given = self.bench.random, self.given
        for open_tile, pulse in zip(self.tiles, self.pulses, strict=True):
            open_tile.answer(self.now, bool(self.pins["reset"]), bool(pulse))
        self.pulsing = any(self.pulses) or any(tile.busy for tile in self.tiles)
        self.converted |= {number for number, tile in enumerate(self.tiles) if tile.valid}
        self.valid = len(self.converted) == len(self.tiles)
        if self.valid:
            self.converted.clear()
        if self.pins["convert"] and (self.valid or not self.converting):
            for open_tile in self.tiles:
                open_tile.convert(self.now)
        self._select()
        given["recovering"] = int(random.random() < (0.8 if given.get("recovering") else 0.03))
        self.busy = bool(self.pins["reset"] or self.pulsing or given["recovering"])
        self.sensed = self.settled and not self.changed
        launches = not self.busy if self.design.capabilities.tests_itself else self.sensed
        given["pulse"] = int(launches and not self.gathered and random.random() < 0.3)
        given |= {name: random.getrandbits(self.design.crossbar.rows) for name in PULSED}
        given["down"] &= ~given["up"]
        self._read()
        limit = self.design.formats.adc_limit
        given["fold"] = random.randrange(self.folds)
        if self.design.capabilities.corrects:
            given["added"] = pack(some_integers(random, -limit - 1, limit, self.lanes), added_bits(self.design))
        if self.design.capabilities.gains:
            given["gain"] = random.choice((LEAST, UNITY, MOST, random.randint(LEAST, MOST)))
        names = {"fold": "columns__fold", "changed": "spares__changed"}
        names |= {name: f"program__{name}" for name in ("tile", "column", "pulse", *PULSED)}
        names |= {name: f"strobes__{name}" for name in ("drive", *STROBES)}
        self.block.put(**{names.get(name, name): value for name, value in given.items()})

    def _select(self) -> None:
        """A tile and a column, there or not, and now and then another map; whether the selection is another one."""
        random, given = self.bench.random, self.given
        tile, column = given.get("tile", 0), given.get("column", 0)
        if random.random() < 0.12:
            width = len(self.block.handle("program__column"))
            kind = random.random()
            if kind < 0.7:
                tile = random.randrange(len(self.tiles))
                column = random.randrange(self.layout.tiles[tile].columns)
            elif kind < 0.85:
                tile ^= 1 << random.randrange(8)
            else:
                column ^= 1 << random.randrange(width)
        given |= {"tile": tile, "column": column}
        self.changed = (tile, column) != self.selected
        if self.spares:
            given["changed"] = int(random.random() < 0.04)
            if given["changed"]:
                for number, spare in self.map:
                    columns = self.layout.tiles[number].columns
                    self.map[number, spare] = random.randrange(columns), random.getrandbits(1)
            mapped = self.map.values()
            given["spares__columns"] = pack([at for at, _ in mapped], self._column_bits())
            given["spares__enabled"] = pack([enabled for _, enabled in mapped], 1)
            self.changed = self.changed or bool(given["changed"])

    def _column_bits(self) -> int:
        return len(self.block.handle("spares__columns")) // len(self.map)

    def _read(self) -> None:
        """Strobes of a read as the contract of the macro has them, but for a conversion that comes too soon."""
        random, given, two = self.bench.random, self.given, self.design.crossbar.integrators == 2
        given |= dict.fromkeys(STROBES, 0)
        integrator = given["integrator"] = random.getrandbits(1)
        quiet = not self.pulsing and not given["pulse"] and not self.pins["reset"]
        # Of the conversion that its pin begins in this cycle the tiles know already when it ends.
        ends = max([self.told_at, *(tile.due for tile in self.tiles)])
        idle = self.now > ends and not self.converting and not self.pins["convert"]
        if idle and random.random() < 0.2:
            long = random.choice((1 << random.randrange(STRETCH_BITS), random.getrandbits(STRETCH_BITS)))
            given["convert_stretch"] = random.choice((0,) * 6 + (1, 1, 2, 2, 3, long))
        # In a pause there are pulses, and the counter of a stretch could wrap.
        pauses = self.now % PAUSES_EVERY >= PAUSES_EVERY - PAUSE
        if pauses and idle:
            given["convert_stretch"] = 1 + self.now % 3
        stretch = given.setdefault("convert_stretch", 0)
        self.gathers ^= random.random() < 0.05
        given["integrate"] = int(quiet and self.gathers and not pauses and random.random() < 0.4)
        given["drive"] = int(random.random() < 0.2)
        takes = 1 - integrator if two else 0
        if idle and quiet and (two or not given["integrate"]) and random.random() < 0.3:
            given["sample"], self.sampled = 1, True
            self.gathered.discard(takes)
        elif self.sampled and not pauses and (self.now + 1 >= ends and (not stretch or idle)) and random.random() < 0.5:
            given["convert"], self.sampled = 1, False
        elif self.converting and self.now + 1 < ends and random.random() < 0.1:
            given["convert"] = 1
        if given["integrate"]:
            self.gathered.add(integrator if two else 0)
        positive = random.getrandbits(self.layout.rows)
        given |= {"wl_pos": positive, "wl_neg": random.getrandbits(self.layout.rows) & ~positive}
        given["plane"] = random.randrange(self.design.formats.stream_bits)

    # What must be -----------------------------------------------------------------------------------------------------
    def compare(self) -> None:
        """Compare all pins of all tiles, and all that the array says."""
        for number, open_tile in enumerate(self.tiles):
            found = open_tile.pins()
            expected = self._tile_pins(number)
            found = {name: value for name, value in found.items() if name in expected}
            self.bench.compare(self.block, f"pins of tile {number} in cycle {self.now}", found, expected)
        expected = self._outputs()
        self.bench.compare_ports(self.block, f"outputs in cycle {self.now}", expected)

    def _tile_pins(self, number: int) -> dict[str, int]:
        """Pins of a tile, as far as they are known."""
        tile, mask = self.layout.tiles[number], (1 << self.layout.tiles[number].rows) - 1
        lines = {} if self.lines is None else dict(self.lines)
        lines |= {name: lines[name] >> tile.first_row & mask for name in WORDLINES if name in lines}
        rows = {} if self.rows is None else {name: value & mask for name, value in self.rows.items()}
        pins = {**self.pins, **lines, **rows, "column": self.columns[number], "pulse": self.pulses[number]}
        return pins if self.design.crossbar.integrators == 2 else pins | {"integrator": 0}

    def _bitline(self, tile: Tile, column: int) -> int:
        """The bitline that serves a column: that of the lowest spare that stands in for it, else its own."""
        for spare in range(self.spares):
            if self.map[tile.index, spare] == (column, 1):
                return tile.columns + spare
        return column

    def _outputs(self) -> dict[str, Any]:
        converts = self.converting and not self.valid
        stretch, (selected, _) = self.given["convert_stretch"], self.selected
        if self.valid:
            self.told_at = self.now + stretch
        expected = {
            "strobes__valid": int(self.now == self.told_at),
            "waits__conversion": int(converts),
            "waits__overrun": int(converts and self.pins["convert"]),
            "waits__pulse": int(self.pulsing),
            "program__busy": int(self.busy),
            "program__sensed": int(self.sensed),
            "selected_code": 0,
            **self._columns(),
        }
        shown = dict.fromkeys(SENSE, 0)
        if selected < len(self.tiles):
            open_tile = self.tiles[selected]
            code = open_tile.codes[self.columns[selected]]
            expected["selected_code"] = code & (1 << self.design.formats.adc_bits) - 1
            shown = {name: flag & (1 << open_tile.tile.rows) - 1 for name, flag in open_tile.flags.items()}
        if self.sensed:
            of = self.flags if self.design.capabilities.learns else shown
            expected |= {f"program__{name}": flag for name, flag in of.items()}
        self.flags = shown
        self.tally.update(name for name, value in expected.items() if value)
        return expected

    def _columns(self) -> dict[str, int]:
        """Codes and saturations of the group of columns that is asked for. Rules X5, X6, G2 and K1."""
        design, limit, codes, saturations = self.design, self.design.formats.adc_limit, [], 0
        for lane in range(self.lanes):
            column, total = self.given["fold"] * self.lanes + lane, 0
            for open_tile in self.tiles:
                tile = open_tile.tile
                if 0 <= column - tile.first_column < tile.columns:
                    code = open_tile.codes[self._bitline(tile, column - tile.first_column)]
                    total += code
                    saturations += abs(code) == limit
            if design.capabilities.corrects:
                bits = added_bits(design)
                added = self.given["added"] >> lane * bits & (1 << bits) - 1
                total += added - (1 << bits if added >> bits - 1 else 0)
            if design.capabilities.gains:
                total = int(round_shift(total * self.given["gain"], FRACTION_BITS))
            codes.append(int(saturate(total, limit)))
        return {"columns__code": pack(codes, design.formats.adc_bits), "columns__saturations": saturations}

    def follow(self, reset: bool) -> None:
        """What the cycle leaves for the next."""
        given = self.given
        if given["drive"] or given["integrate"]:
            self.lines = {name: given[name] for name in (*WORDLINES, "plane")}
        if not self.pulsing if self.design.capabilities.tests_itself else self.settled:
            self.rows = {name: given[name] for name in PULSED}
        if self.changed:
            self.changed_at = self.now
        self.converting = bool(self.pins["convert"]) or (self.converting and not self.valid)
        steady = self.now - self.changed_at >= SENSE_LATENCY - 1 + self.design.crossbar.sense_cycles
        self.settled = steady and not self.busy and not given["pulse"]
        self.selected = given["tile"], given["column"]
        self.pins = {"reset": 0, **{name: given[name] for name in STROBES}}
        for number, tile in enumerate(self.layout.tiles):
            there = given["column"] < tile.columns
            # A column that the tile lacks selects its first one.
            self.columns[number] = self._bitline(tile, given["column"] if there else 0)
            self.pulses[number] = int(given["pulse"] and given["tile"] == tile.index and there)
        if reset:
            self._forget()
        self.now += 1


@block_test
async def any_cycles(bench: BlockBench) -> None:
    """Reads, pulses, selections, maps and resets at random, every pin and every answer in every cycle."""
    accounts = [Account(bench, block) for block in bench.blocks]
    reset = False
    for _ in range(CYCLES):
        reset = bench.chance(0.5 if reset else 0.008)
        bench.dut.rst.value = int(reset)
        for account in accounts:
            account.drive(reset)
        await bench.cycle()
        for account in accounts:
            account.compare()
            account.follow(reset)
    for account in accounts:
        least = min(account.tally[name] for name in ("strobes__valid", "waits__overrun", "waits__pulse"))
        assert least > 5 and account.tally["program__sensed"] > CYCLES // 20, account.tally
