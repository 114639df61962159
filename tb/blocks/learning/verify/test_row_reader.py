"""The row reader: any rows of either layer, with tiles that take their time, stretches, and tiles that never answer.

Rules J1 and W3.
"""

from __future__ import annotations

from random import Random

from remora.spec.crossbar.layout import Layer
from remora.tb.blocks.learning.verify.reading import Reading
from remora.tb.lib.bench import Block, BlockBench, block_test

READINGS = 60
MOST_ROWS = 7
"""Rows that are read at once, so that tall tiles take no longer than others."""


class Reader:
    """A row reader, its account, and who asks it."""

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.random = bench, block, bench.random
        limit, random = block.design.formats.adc_limit, Random(bench.random.random())
        self.rows = min(block.design.crossbar.rows, block.design.hidden_rows)

        def code_of(row: int) -> int:
            """Few codes are full scale, so that some rows have none."""
            ends = random.choice((-limit, limit, 1 - limit, limit - 1, 0)), random.randint(1 - limit, limit - 1)
            return ends[random.random() < 0.8]

        self.reading = Reading(bench, block, code_of)

    async def cycle(self, starts: list[int] | None = None, abort: bool = False) -> None:
        """A cycle, in which these rows start."""
        block, reading, starts = self.block, self.reading, starts or []
        rows = sum(1 << row for row in starts) if starts else self.random.getrandbits(self.rows)
        block.put(start=int(bool(starts)), rows=rows, abort=int(abort), layer=int(reading.layer))
        reading.answer(abort)
        await self.bench.cycle()
        told = reading.told
        wanted = reading.shown() | {"summed": int(told is not None), "done": int(told is not None and told.last)}
        if reading.converting:
            wanted["converted"] = reading.converting.row
        if told:
            wanted |= {"summed_row": told.row, "full": int(told.full)}
        self.bench.compare_ports(block, f"cycle {reading.now}", wanted)
        if told:
            self.bench.compare(block, f"total of row {told.row}", block.get_signed("total"), told.total)
        reading.follow(starts, abort)

    async def read(self, abort_within: int = 0) -> None:
        """Some rows, to their end or to an abort."""
        random, reading = self.random, self.reading
        for _ in range(random.choice((0, 0, 1, 6))):
            await self.cycle(abort=random.random() < 0.1)
        reading.layer = random.choice(list(Layer))
        reading.stretch()
        count = random.choice((1, self.rows, random.randint(1, self.rows)))
        await self.cycle(sorted(random.sample(range(self.rows), min(count, MOST_ROWS))))
        left = random.randint(1, abort_within) if abort_within else 0
        while not reading.quiet:
            left -= 1
            await self.cycle(abort=left == 0)


@block_test
async def readings(bench: BlockBench) -> None:
    """Reading after reading."""

    async def drive(block: Block) -> None:
        reader = Reader(bench, block)
        for _ in range(READINGS if reader.reading.reads < 4 else READINGS // 6):
            await reader.read()

    await bench.each(drive)


@block_test
async def aborts(bench: BlockBench) -> None:
    """Readings of which most end at any moment; the next one is as any."""

    async def drive(block: Block) -> None:
        reader = Reader(bench, block)
        pace = reader.reading.repeats + 8
        for turn in range(READINGS):
            within = bench.random.choice((2, pace, 4 * pace, 8 * pace))
            await reader.read(0 if turn % 6 == 5 and reader.reading.reads < 4 else within)

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """A reset at any moment forgets the reading."""

    async def drive(block: Block) -> None:
        reader = Reader(bench, block)
        for _ in range(4):
            await reader.cycle()
        await reader.read(0 if reader.reading.reads < 4 else 20)

    for turn in range(8):
        for block in bench.blocks:
            block.put(start=1, rows=-1 % (1 << min(block.design.crossbar.rows, block.design.hidden_rows)), abort=0)
            for layer in ("hidden", "readout"):
                block.put(**{f"crossbars__{layer}__valid": 1})
        await bench.cycle(2)
        for block in bench.blocks:
            block.put(start=0)
        await bench.cycle(bench.random.randint(1, 20 + 20 * turn))
        await bench.reset(1)
        await bench.each(drive)
