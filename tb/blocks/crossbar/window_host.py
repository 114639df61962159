"""The host's side of the weight window in a bench, with a model of all devices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from random import Random

import cocotb
import numpy as np
from cocotb.triggers import ReadOnly, RisingEdge, with_timeout
from cocotb.utils import get_sim_time

from remora.spec.crossbar.cycles import Cycles, Stretch
from remora.spec.crossbar.layout import Layer, Tile, all_tiles
from remora.tb.lib.bench import PERIOD_NS, Block, BlockBench, pack, unpack_signed
from remora.tb.models.crossbar import CrossbarModel

EARLY_BITS = 16
"""Of the numbers of cycles in which wordlines were driven that were not integrated yet."""
TIMEOUT_US = 2000
"""After which the window is held to hang: 200,000 cycles."""


class WindowHost:
    """Fills, commits and reads columns of one design, and keeps the devices' model in step."""

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.host, self.design = bench, block, block.part("host"), block.design
        self.random = Random(f"{bench.random.random()} {block.name}")
        self.models = {layer: CrossbarModel(block.design, layer) for layer in Layer}
        self.tiles = all_tiles(block.design)
        self.cycles = 0
        names = ("counts__programmed", "counts__unverified", "counts__corrections")
        self.counted = dict.fromkeys(("pulses", *names * block.design.capabilities.verifies), 0)
        """Sums over a command of what counters grow by."""
        self.predicted = self.design.cycles
        self.integrate_stretch = 0
        self.early = dict.fromkeys(Layer, 0)
        """In how many cycles of a command each layer's wordlines were driven that were not integrated yet."""
        # What each integrator holds of each layer: what each row was driven with.
        self.words = {
            (layer, integrator): np.zeros(self.models[layer].layout.rows, np.int64)
            for layer in Layer
            for integrator in range(self.design.crossbar.integrators)
        }
        self.charged: set[tuple[Layer, int]] = set()

    def stretch(self, stretch: Stretch) -> None:
        """Give the tiles more time, and predict cycles accordingly."""
        self.integrate_stretch = stretch.integrate
        self.predicted = Cycles(self.design, stretch)
        self.block.put(**{f"stretch__{field.name}": getattr(stretch, field.name) for field in fields(stretch)})

    @staticmethod
    def rows_of(tile: Tile, part: int) -> int:
        """Rows of a slice of the tile."""
        rows = tile.window_slices[part]
        return rows.stop - rows.start

    def weights(self, tile: Tile, column: int) -> list[int]:
        """The model's weights of a column."""
        return self.models[tile.layer].weights[tile.row_slice, tile.first_column + column].tolist()

    async def select(self, tile: Tile, column: int, part: int = 0) -> None:
        """Select a slice of a column, and compare that it is legal."""
        self.host.put(layer=int(tile.layer), tile=tile.index, column=column, slice=part)
        await self.bench.cycle(1 + self.predicted.sense)
        self.bench.compare(self.block, f"{tile.name}, column {column} is valid", self.host.get("selection_valid"), 1)

    def compare_sense(self, tile: Tile, column: int) -> None:
        """Devices of the selected column that are at rest and full, as the model has them."""
        names = [f"{tile.layer.name.lower()}__{flag}" for flag in ("pos_rest", "pos_full", "neg_rest", "neg_full")]
        found = tuple(self.block.get(name) for name in names)
        self.bench.compare(
            self.block, f"sense of {tile.name}, column {column}", found, self.models[tile.layer].sense(tile, column)
        )

    async def fill(self, values: Sequence[int]) -> None:
        """Write weights from row 0 of the slice, a word at a time."""
        for row in range(0, len(values), 4):
            group = list(values[row : row + 4])
            self.host.put(
                pointer=row + self.random.randrange(4),
                data_value=pack(group, 8),
                data_strobes=(1 << len(group)) - 1,
                data_write=1,
            )
            await self.bench.cycle()
        self.host.put(data_write=0)

    async def show(self, count: int) -> list[int]:
        """The first ``count`` rows of the slice."""
        values: list[int] = []
        for row in range(0, count, 4):
            self.host.put(pointer=row)
            await self.bench.cycle()
            values += unpack_signed(self.host.get("data_read_value"), 8, 4)
        return values[:count]

    async def run(self, action: str) -> tuple[int, int]:
        """Strobe a command and wait; returns failed and mismatches, takes the counts and the cycles."""
        block, host, bench = self.block, self.host, self.bench
        host.put(**{action: 1})
        await bench.cycle()
        bench.compare(block, f"busy with {action}", host.get("busy"), 0)
        host.put(**{action: 0})
        before = self._early()
        counting = [cocotb.start_soon(self._count(name)) for name in self.counted]
        await bench.cycle()
        bench.compare(block, f"busy in the cycle after {action}", host.get("busy"), 1)
        began = get_sim_time("ns")
        await with_timeout(RisingEdge(host.handle("done")), TIMEOUT_US, "us")
        await bench.cycle()
        bench.compare(block, f"busy and done at the end of {action}", (host.get("busy"), host.get("done")), (1, 1))
        for task in counting:
            task.cancel()
        self.cycles = round((get_sim_time("ns") - began) / PERIOD_NS) + 1
        result = host.get("failed"), host.get("mismatches")
        await bench.cycle()
        self.early = {layer: (now - before[layer]) % (1 << EARLY_BITS) for layer, now in self._early().items()}
        for _ in range(2):
            found = tuple(host.get(name) for name in ("busy", "done", "failed", "mismatches"))
            bench.compare(block, f"busy, done, failed, mismatches after {action}", found, (0, 0, 0, result[1]))
            await bench.cycle()
        return result

    def _early(self) -> dict[Layer, int]:
        return {layer: self.block.get(f"{layer.name.lower()}__early") for layer in Layer}

    def _compare_early(self, what: str, layer: Layer, planes: int | None = None) -> None:
        """Compare the time that wordlines had before so many planes were integrated; None: as it was, if any."""
        found = dict(self.early)
        if planes is None:
            least = found.pop(layer) >= self.integrate_stretch
            self.bench.compare(self.block, f"wordlines of a {what} have their time", least, True)
        expected = {each: self.integrate_stretch * (planes or 0) * (each is layer) for each in found}
        self.bench.compare(self.block, f"cycles before the planes of a {what} are integrated", found, expected)

    async def _count(self, name: str) -> None:
        """Sum up what a counter grows by, which falls to 0 after each time: a pulse lasts longer than the cycle of its
        launch."""
        self.counted[name] = 0
        handle = self.block.handle(name)
        while True:
            await handle.value_change
            # An event-driven simulator shows what the logic passes through on its way.
            await ReadOnly()
            self.counted[name] += int(handle.value)

    async def commit(self, tile: Tile, column: int, values: Sequence[int], *, known: bool = True) -> None:
        """Program a column, a slice after the other, and compare verdict, pulses and devices; ``known``: the model
        knows what it held."""
        for part, rows in enumerate(tile.window_slices):
            await self._commit(tile, column, part, list(values[rows]), known)
        self.compare_sense(tile, column)

    async def _commit(self, tile: Tile, column: int, part: int, values: Sequence[int], known: bool) -> None:
        limit, model, rows = self.design.crossbar.weight_limit, self.models[tile.layer], tile.window_slices[part]
        first = tile.first_row + rows.start
        chosen = slice(first, first + len(values)), tile.first_column + column
        # A commit erases a device and raises it: of canonical pairs both, else g⁺ alone.
        fixed = self.design.crossbar.pair == "reference"
        old = model.pairs[:1, *chosen] if fixed else model.pairs[:, *chosen]
        old, reference = old.sum(axis=0).tolist(), self.design.crossbar.reference_level
        before = sum(old)
        reached = [max(-limit, min(limit, value)) for value in values]
        await self.select(tile, column, part)
        await self.fill(values)
        verdict = await self.run("commit")
        wrong = sum(value != level for value, level in zip(values, reached, strict=True))
        self.bench.compare(self.block, f"failed and mismatches of {values}", verdict, (int(wrong > 0), wrong))
        if self.design.capabilities.verifies:
            lost = sum(
                1 << row for row, (value, level) in enumerate(zip(values, reached, strict=True)) if value != level
            )
            self.bench.compare(self.block, f"unverified rows of {values}", self.host.get("unverified"), lost)
            # Devices of these tiles take every pulse, so that none is left to correct.
            found = {name: count for name, count in self.counted.items() if name != "pulses"}
            counts = zip(found, (len(values), wrong, 0), strict=True)
            self.bench.compare(self.block, "rows programmed and unverified, corrections", found, dict(counts))
        raised = [reference + level if fixed else abs(level) for level in reached]
        levels = raised if fixed else [max(0, level) for level in reached]
        model.pairs[0, *chosen] = levels
        model.pairs[1, *chosen] = np.array(levels) - reached
        if known:
            self.bench.compare(self.block, "pulses", self.counted["pulses"], before + sum(raised))
            # All devices come to rest at once, and are raised at once.
            launched = max(old) + max(raised)
            predicted = self.predicted.slice_commit(tile.layer, len(values), launched)
            self.bench.compare(self.block, "cycles of a commit", self.cycles, predicted)
        self.bench.compare(self.block, "window after commit", await self.show(len(values)), list(values))

    async def read(self, tile: Tile, column: int) -> None:
        """Read a column back over rubbish, a slice after the other, and compare."""
        cycles = 0
        for part, rows in enumerate(tile.window_slices):
            count = self.rows_of(tile, part)
            await self.select(tile, column, part)
            await self.fill([self.random.randint(-128, 127) for _ in range(count)])
            self.bench.compare(self.block, "verdict of a read", await self.run("read"), (0, 0))
            self._compare_early("read", tile.layer)
            if self.design.capabilities.verifies:
                self.bench.compare(self.block, "unverified rows after a read", self.host.get("unverified"), 0)
            self.bench.compare(self.block, "pulses of a read", self.counted["pulses"], 0)
            cycles += self.cycles
            self.bench.compare(
                self.block,
                f"weights of {tile.name}, column {column}, slice {part}",
                await self.show(count),
                self.weights(tile, column)[rows],
            )
        self.bench.compare(self.block, "cycles of a read", cycles, self.predicted.column_read(tile))
        self.compare_sense(tile, column)

    async def drive(self, tile: Tile, part: int, values: Sequence[int], planes: int, integrator: int = 0) -> None:
        """Drive rows of a slice with the signs of ``values``; the window stays, and no device moves."""
        await self.select(tile, self.random.randrange(tile.columns), part)
        await self.fill(values)
        self.host.put(planes=planes, integrator=integrator)
        self.bench.compare(self.block, "verdict of a drive", await self.run("drive"), (0, 0))
        self.charged.add((tile.layer, integrator))
        self.bench.compare(self.block, "charged after a drive", self.host.get("charged"), 1)
        self.bench.compare(self.block, "pulses of a drive", self.counted["pulses"], 0)
        self._compare_early("drive", tile.layer, planes)
        self.bench.compare(self.block, "cycles of a drive", self.cycles, self.predicted.drive(planes))
        self.bench.compare(self.block, "window after a drive", await self.show(len(values)), list(values))
        first = tile.first_row + tile.window_slices[part].start
        self.words[tile.layer, integrator][first : first + len(values)] += np.sign(values) * ((1 << planes) - 1)

    async def convert(self, layer: Layer, integrator: int = 0) -> None:
        """Convert what an integrator holds, and compare the codes of all columns of all tiles of the layer."""
        model, words = self.models[layer], self.words[layer, integrator]
        expected, columns, holds = model.codes(words), model.layout.columns, words.tolist()
        words[:] = 0
        await self.select(self.random.choice(model.layout.tiles), 0)
        self.host.put(integrator=integrator)
        self.bench.compare(self.block, "verdict of a conversion", await self.run("convert"), (0, 0))
        self._compare_early("conversion", layer, 0)
        self.bench.compare(self.block, "cycles of a conversion", self.cycles, self.predicted.convert)
        self.charged.discard((layer, integrator))
        self.bench.compare(self.block, "charged after a conversion", self.host.get("charged"), int(bool(self.charged)))
        for tile in model.layout.tiles:
            for column in range(tile.columns):
                await self.select(tile, column)
                code = expected[tile.row_tile * columns + tile.first_column + column]
                told = f"code of {tile.name}, column {column}, words {holds}"
                (found,) = unpack_signed(self.host.get("code"), self.design.formats.adc_bits, 1)
                self.bench.compare(self.block, told, found, code)

    async def erase_all(self) -> None:
        """Bring every weight to 0: tests share them, and no reset touches them."""
        for tile in self.tiles:
            for column in range(tile.columns):
                await self.commit(tile, column, [0] * tile.rows, known=False)
