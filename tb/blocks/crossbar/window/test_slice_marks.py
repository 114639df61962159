"""The slice marks: every slice of every tile and column, from a fault map that answers at once or later.

Rules M16 and W5.
"""

from __future__ import annotations

from remora.spec.crossbar.layout import Layer, Tile, all_tiles
from remora.spec.crossbar.learning import DEVICES_OF_PAIR, fault_word_bits
from remora.tb.lib.bench import Block, BlockBench, block_test, pack

SELECTIONS = 150


class Window:
    """Slice marks, the fault map, and the weight window that selects."""

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.random, self.design = bench, block, bench.random, block.design
        self.asked = False
        """The map has been asked in the cycle before, so that it may answer."""
        self.kept: tuple[int, int] | None = None
        """Marks that are kept."""

    def _word(self) -> int:
        """Marks of a column: none, all, one, or any."""
        bits = fault_word_bits(self.design)
        every = (1 << bits) - 1
        return self.random.choice((0, every, 1 << self.random.randrange(bits), self.random.getrandbits(bits)))

    async def cycle(self, start: bool = False, column: int | None = None, marks: int | None = None) -> None:
        """A cycle in which this column is asked for or none, and the map answers with marks or not."""
        block = self.block
        # An answer that comes when the marks are there already means nothing, nor do marks that are not valid.
        again = self.asked and column is None and self.random.random() < 0.5
        block.put(
            start=int(start),
            map__valid=int(marks is not None or again),
            map__marks=self._word() if marks is None else marks,
        )
        await self.bench.cycle()
        wanted = {"map__read": int(column is not None), "done": int(marks is not None)}
        if column is not None:
            wanted["map__column"] = column
        if self.kept:
            wanted |= {"pos": self.kept[0], "neg": self.kept[1]}
        self.bench.compare_ports(block, "what is shown", wanted)
        self.asked = column is not None

    def select(self, tile: Tile, column: int, part: int) -> None:
        """A slice of a column of a tile."""
        self.block.put(layer=int(tile.layer), tile=tile.index, column=column, slice=part)

    async def take(self, tile: Tile, column: int, part: int) -> None:
        """The marks of a slice."""
        network, rows = self.design.network, tile.window_slices[part]
        first_column, first_row = (network.hidden, network.features) if tile.layer is Layer.READOUT else (0, 0)
        asked, word = first_column + tile.first_column + column, self._word()
        self.select(tile, column, part)
        await self.cycle(start=True)
        self.kept = None
        for _ in range(1 + self.random.choice((0, 0, 1, 4))):
            await self.cycle(column=asked)
        await self.cycle(column=asked, marks=word)
        of_rows = range(first_row + tile.first_row + rows.start, first_row + tile.first_row + rows.stop)
        pos, neg = (
            pack([word >> DEVICES_OF_PAIR * row + side & 1 for row in of_rows], 1) for side in range(DEVICES_OF_PAIR)
        )
        self.kept = pos, neg
        for _ in range(self.random.choice((0, 1, 3))):
            await self.cycle()


def slices_of(block: Block) -> list[tuple[Tile, int, int]]:
    """What may be selected."""
    return [
        (tile, column, part)
        for tile in all_tiles(block.design)
        for column in range(tile.columns)
        for part in range(len(tile.window_slices))
    ]


@block_test
async def slices(bench: BlockBench) -> None:
    """Every slice, and many at random; what is selected changes while marks are kept."""

    async def drive(block: Block) -> None:
        window, every = Window(bench, block), slices_of(block)
        for chosen in [*every, *bench.random.choices(every, k=SELECTIONS)]:
            await window.take(*chosen)
            if bench.chance(0.5):
                window.select(*bench.random.choice(every))
                await window.cycle()

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """A reset forgets that marks are wanted; the next slice is as any."""
    for waits in range(6):
        for block in bench.blocks:
            block.put(start=1, map__valid=0)
        await bench.cycle()
        for block in bench.blocks:
            block.put(start=0)
        await bench.cycle(1 + waits // 2)
        await bench.reset(1)

        async def drive(block: Block) -> None:
            window = Window(bench, block)
            window.asked = True
            for _ in range(2):
                await window.cycle()
            await window.take(*bench.random.choice(slices_of(block)))

        await bench.each(drive)
