"""Drives the ports of a ``CrossbarArray`` in a bench: reads words, pulses columns, senses them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, LayerLayout, Tile
from remora.tb.lib.bench import Block, BlockBench, unpack_signed
from remora.tb.models.crossbar import CrossbarModel

SENSE_LATENCY = 2
"""Cycles from a selection to flags that are right, besides those of the macro: the registers of pins and flags."""


def expected_group(
    design: DesignPoint, layout: LayerLayout, lanes: int, codes: Sequence[int], fold: int
) -> tuple[list[int], int]:
    """Sums over the row tiles of a group's lanes, and how many codes of its tiles are at full scale.

    Args:
        codes: of row tile r and column j in place r * columns + j.
    """
    limit, group, saturated = design.formats.adc_limit, [], 0
    for column in range(fold * lanes, (fold + 1) * lanes):
        tiles = codes[column :: layout.columns] if column < layout.columns else []
        group.append(max(-limit, min(limit, sum(tiles))))
        saturated += sum(abs(code) == limit for code in tiles)
    return group, saturated


class CrossbarDriver:
    """One array and its model, which are compared at every read and sense."""

    def __init__(self, bench: BlockBench, block: Block, layer: Layer, program: str = "program__") -> None:
        self.bench, self.block, self.design = bench, block, block.design
        self.model = CrossbarModel(block.design, layer)
        self.program = program
        self.lanes = block.parameters.get("lanes") or (block.design.cell.lanes if layer is Layer.HIDDEN else 1)
        self.folds = -(-self.model.layout.columns // self.lanes)

    async def read(self, words: Sequence[int]) -> list[int]:
        """Stream words plane by plane, convert, compare the codes and return them."""
        block, bench = self.block, self.bench
        block.put(strobes__integrate=1)
        for plane in range(self.design.formats.stream_bits):
            positive = sum((abs(word) >> plane & 1) << row for row, word in enumerate(words) if word > 0)
            negative = sum((abs(word) >> plane & 1) << row for row, word in enumerate(words) if word < 0)
            block.put(plane=plane, wl_pos=positive, wl_neg=negative)
            await bench.cycle()
        block.put(strobes__integrate=0)
        await self.convert()
        expected = self.model.codes(np.array(words))
        found = await self.codes()
        bench.compare(block, f"codes of {list(words)}", found, expected)
        for fold in range(self.folds):
            block.put(columns__fold=fold)
            await bench.cycle()
            self.compare_group(f"of {list(words)}", expected, fold)
        return found

    async def convert(self) -> None:
        """Sample and convert; valid is an event exactly when it should be, and the codes before it hold until then."""
        block, bench = self.block, self.bench
        before = self.outputs()[1:]
        block.put(strobes__sample=1)
        await bench.cycle()
        block.put(strobes__sample=0, strobes__convert=1)
        await bench.cycle()
        block.put(strobes__convert=0)
        for waited in range(self.design.crossbar.adc_cycles):
            await bench.cycle()
            bench.compare(block, f"valid and codes {waited} cycles after convert", self.outputs(), [0, *before])
        await bench.cycle()
        bench.compare(block, "valid when converted", block.get("strobes__valid"), 1)
        codes = self.outputs()[1:]
        await bench.cycle()
        bench.compare(block, "valid and codes after the event", self.outputs(), [0, *codes])

    def outputs(self) -> list[int]:
        """Whether codes are valid, and those on the ports."""
        return [self.block.get(name) for name in ("strobes__valid", "columns__code", "selected_code")]

    async def codes(self) -> list[int]:
        """Codes of all tiles in the order of the model's, each selected in turn; what was selected is so again."""
        layout, bits = self.model.layout, self.design.formats.adc_bits
        selected = {name: self.block.get(f"{self.program}{name}") for name in ("tile", "column")}
        found = []
        for tile in layout.tiles:
            for column in range(tile.columns):
                self.put(tile=tile.index, column=column)
                await self.bench.cycle(2)
                found += unpack_signed(self.block.get("selected_code"), bits, 1)
        self.put(**selected)
        return found

    def compare_group(self, what: str, codes: Sequence[int], fold: int) -> None:
        """Compare the group of columns that ``fold`` asks for with what it is of all tiles' ``codes``."""
        group, saturated = expected_group(self.design, self.model.layout, self.lanes, codes, fold)
        found = unpack_signed(self.block.get("columns__code"), self.design.formats.adc_bits, self.lanes)
        self.bench.compare(self.block, f"group {fold} of the sums {what}", found, group)
        self.bench.compare(
            self.block, f"saturations of group {fold}", self.block.get("columns__saturations"), saturated
        )

    async def select(self, tile: Tile, column: int) -> None:
        """Select a column and compare its sense flags."""
        self.put(tile=tile.index, column=column)
        await self.settle()
        self.compare_sense(tile, column)

    async def settle(self) -> None:
        """Wait until the flags of the selected column are said to be right, as they soon must be."""
        await self.sensed(SENSE_LATENCY + self.design.crossbar.sense_cycles)

    async def sensed(self, at_most: int) -> None:
        """Wait until the flags are said to be right; so late at the latest."""
        for _ in range(at_most + 1):
            await self.bench.cycle()
            if self.block.get(f"{self.program}sensed"):
                return
        self.bench.compare(self.block, f"flags are right after {at_most} cycles", False, True)

    async def erase(self) -> None:
        """Lower every device of every tile until the sense flags say that it is at rest, whatever it held."""
        for tile in self.model.layout.tiles:
            all_rows = (1 << tile.rows) - 1
            for column in range(tile.columns):
                self.put(tile=tile.index, column=column)
                for flag, side in (("pos_rest", 0), ("neg_rest", all_rows)):
                    await self.settle()
                    while self.block.get(f"{self.program}{flag}") != all_rows:
                        await self.pulse(0, all_rows, side)
                self.model.pairs[:, tile.row_slice, tile.first_column + column] = 0
                self.compare_sense(tile, column)

    def compare_sense(self, tile: Tile, column: int) -> None:
        """Compare the sense flags of the selected column."""
        names = ("pos_rest", "pos_full", "neg_rest", "neg_full")
        found = tuple(self.block.get(f"{self.program}{name}") for name in names)
        self.bench.compare(self.block, f"sense of {tile.name}, column {column}", found, self.model.sense(tile, column))

    async def pulse(self, up: int, down: int, side: int) -> None:
        """Launch a pulse on the selected column and see it through; busy until its end, and sensed two cycles later."""
        bench, block = self.bench, self.block
        await self.settle()
        self.put(up=up, down=down, side=side, pulse=1)
        await bench.cycle()
        bench.compare(block, "busy at launch", block.get(f"{self.program}busy"), 0)
        self.put(pulse=0)
        for _ in range(1 + self.design.crossbar.pulse_cycles):
            await bench.cycle()
            found = [block.get(f"{self.program}{name}") for name in ("busy", "sensed")]
            bench.compare(block, "busy and sensed while a pulse lasts", found, [1, 0])
        for sensed in (0, 1):
            await bench.cycle()
            found = [block.get(f"{self.program}{name}") for name in ("busy", "sensed")]
            bench.compare(block, "busy and sensed after the pulse", found, [0, sensed])

    async def program_weights(self, weights: np.ndarray) -> None:
        """Pulse fresh columns up to ``weights`` (rows, columns) in levels, one side of each pair at rest."""
        for tile in self.model.layout.tiles:
            part = weights[tile.row_slice, tile.column_slice]
            for column in range(tile.columns):
                await self.select(tile, column)
                side = sum(int(weight < 0) << row for row, weight in enumerate(part[:, column]))
                for level in range(int(np.abs(part[:, column]).max())):
                    up = sum(int(abs(weight) > level) << row for row, weight in enumerate(part[:, column]))
                    self.model.pulse(tile, column, up, 0, side)
                    await self.pulse(up, 0, side)
                await self.select(tile, column)

    def put(self, **values: int) -> None:
        """Write members of the program port."""
        self.block.put(**{f"{self.program}{name}": value for name, value in values.items()})
