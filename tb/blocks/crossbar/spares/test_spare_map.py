"""The map of the spare columns: what the host writes and reads, and what the arrays see.

Rules Y2 and Y3.
"""

from __future__ import annotations

from random import Random
from typing import Any

from remora.hdl.crossbar.spares.spare_map import COLUMN_BITS, ENABLE_BIT, column_bits
from remora.spec.crossbar.layout import Layer, Tile, all_tiles, layer_layout
from remora.spec.crossbar.spares.spare_map import IDLE
from remora.tb.lib.bench import Block, BlockBench, block_test, unpack

CYCLES = 700
Position = tuple[Layer, int, int]
"""A layer, a tile of it and a spare of that."""


class Account:
    """The map that the host has written, as its register shows it and as the arrays see it.

    Attributes:
        columns: of each spare the column that it was told, None where the field has no room for that.
        stands_for: of each spare the column that it stands in for, or `IDLE`.
    """

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.design = bench, block, block.design
        self.spares = block.design.crossbar.spare_columns
        self.positions: dict[Position, Tile] = {
            (tile.layer, tile.index, spare): tile for tile in all_tiles(block.design) for spare in range(self.spares)
        }
        self.columns: dict[Position, int | None] = dict.fromkeys(self.positions, 0)
        self.stands_for = dict.fromkeys(self.positions, IDLE)
        self.changed: int | None = 0
        """None where what was written is what the map had."""

    async def cycle(self, position: Position, value: int | None) -> None:
        """Select a spare and write this, or nothing; what all ports show."""
        layer, tile, spare = position
        host = self.block.part("host")
        host.put(layer=int(layer), tile=tile, spare=spare, write=int(value is not None))
        host.put(value=self.bench.random.getrandbits(32) if value is None else value)
        await self.bench.cycle()
        self._compare_host(position)
        for each in Layer:
            self._compare_array(each)
        self.changed = 0
        if value is not None:
            before = self.columns[position], self.stands_for[position]
            column = value % (1 << COLUMN_BITS)
            stands = value >> ENABLE_BIT and column < self.positions[position].columns
            self.columns[position] = column if column < 1 << column_bits(self.design) else None
            self.stands_for[position] = column if stands else IDLE
            self.changed = 1 if before != (self.columns[position], self.stands_for[position]) else None

    def _compare_host(self, position: Position) -> None:
        found = {name: self.block.get(f"host__{name}") for name in ("selection_valid", "shown")}
        expected: dict[str, Any] = {"selection_valid": int(position in self.positions), "shown": 0}
        if position in self.positions:
            expected["shown"] = int(self.stands_for[position] != IDLE) << ENABLE_BIT
            column = self.columns[position]
            if column is None:
                found["shown"] &= 1 << ENABLE_BIT
            else:
                expected["shown"] |= column
        self.bench.compare(self.block, f"host at {position}", found, expected)

    def _compare_array(self, layer: Layer) -> None:
        port = self.block.part(layer.name.lower())
        positions = [
            (layer, tile.index, spare)
            for tile in layer_layout(self.design, layer).tiles
            for spare in range(self.spares)
        ]
        enabled = unpack(port.get("enabled"), 1, len(positions))
        columns = unpack(port.get("columns"), column_bits(self.design), len(positions))
        found = [column if on else IDLE for on, column in zip(enabled, columns, strict=True)]
        self.bench.compare(self.block, f"map of {layer}", found, [self.stands_for[position] for position in positions])
        if self.changed is not None:
            self.bench.compare(self.block, f"{layer} has another map", port.get("changed"), self.changed)


def some_value(random: Random, tile: Tile) -> int:
    """What may be written for a spare of a tile, often a column that the tile has; other bits mean nothing."""
    columns = (0, tile.columns - 1, tile.columns, random.randrange(tile.columns), random.getrandbits(COLUMN_BITS))
    column = random.choice((*columns, random.randrange(tile.columns) | 1 << random.randrange(COLUMN_BITS)))
    others = random.getrandbits(32) & ~(1 << ENABLE_BIT) & -(1 << COLUMN_BITS)
    return others | column | (random.random() < 0.8) << ENABLE_BIT


def some_position(random: Random, positions: list[Position]) -> Position:
    """One of these, or one near it that may not be there: a bit of its numbers is another one."""
    layer, tile, spare = random.choice(positions)
    kind = random.randrange(4)
    if kind == 0:
        tile ^= 1 << random.randrange(8)
    elif kind == 1:
        spare ^= 1 << random.randrange(2)
    return layer, tile, spare


async def any_cycles(bench: BlockBench, account: Account, cycles: int) -> None:
    """Selections and writes at random."""
    random, positions = bench.random, list(account.positions)
    for _ in range(cycles):
        position = some_position(random, positions)
        tile = account.positions.get(position)
        # Nothing is written where there is no spare.
        writes = tile is not None and random.random() < 0.7
        await account.cycle(position, some_value(random, tile) if tile and writes else None)


@block_test
async def written_and_read(bench: BlockBench) -> None:
    """Any spare in any cycle, some of which are not there; words that say nothing new as well."""

    async def drive(block: Block) -> None:
        await any_cycles(bench, Account(bench, block), CYCLES)

    await bench.each(drive)


@block_test
async def every_bit_counts(bench: BlockBench) -> None:
    """Of the numbers of a tile and a spare, and of a column, at every spare."""

    async def drive(block: Block) -> None:
        account, enabled = Account(bench, block), 1 << ENABLE_BIT
        for position, held in account.positions.items():
            layer, tile, spare = position
            for bit in range(COLUMN_BITS):
                await account.cycle(position, enabled | 1 << bit)
                await account.cycle(position, enabled | bench.random.randrange(held.columns) | 1 << bit)
            others = [(layer, tile ^ 1 << bit, spare) for bit in range(8)]
            for other in (*others, *((layer, tile, spare ^ 1 << bit) for bit in range(2))):
                await account.cycle(other, None)

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """The reset leaves no spare in use."""

    async def drive(block: Block) -> None:
        account = Account(bench, block)
        for position in account.positions:
            await account.cycle(position, None)
        await any_cycles(bench, account, cycles)
        block.put(host__write=0)

    for _ in range(5):
        cycles = bench.random.randrange(20, 60)
        await bench.each(drive)
        await bench.reset(1)
    cycles = 1
    await bench.each(drive)
