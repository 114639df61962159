"""The corrector: the word of any row and column, read, changed in one position and written, whatever comes between.

Rules J3 and M9.
"""

from __future__ import annotations

from random import Random

from remora.spec.crossbar.column_groups import accumulator_rows
from remora.spec.crossbar.learning import accumulator_word_bits
from remora.spec.crossbar.update_cycles import ROUNDED
from remora.spec.crossbar.verify.verification import SAMPLE_GAP
from remora.spec.lib.fixed import saturate
from remora.tb.lib.bench import Block, BlockBench, block_test, pack, some_integers

CORRECTIONS = 400


def some_change(random: Random, bits: int) -> int:
    """A correction at an end, small, of one bit, or any."""
    most = (1 << bits) - 1
    of_a_bit = random.choice((-1, 1)) << random.randrange(bits)
    return random.choice((-most, most, 0, of_a_bit, random.randint(-most, most), random.randint(-3, 3)))


class Account:
    """A corrector: what it reads at once, and what it writes in which cycle."""

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.random = bench, block, bench.random
        self.bits = block.design.learning.accumulator_bits
        self.held = accumulator_rows(block.design)
        self.columns = block.design.network.hidden + block.design.network.classes
        self.positions = {
            int(row): (word, position)
            for word, rows in enumerate(self.held)
            for position, row in enumerate(rows)
            if row >= 0
        }

    async def cycle(self, busy: int, write: tuple[int, int] | None = None) -> None:
        """A cycle, in which a word is still to be written or none, and which writes this address and data."""
        await self.bench.cycle()
        found = self.block.get("busy"), self.block.get("write")
        self.bench.compare(self.block, "busy and write", found, (busy, int(write is not None)))
        if write is not None:
            found = self.block.get("write_address"), self.block.get("data")
            self.bench.compare(self.block, "address and data", found, write)

    def mean_nothing(self) -> None:
        """What the ports show while nobody corrects."""
        self.block.put(
            corrects=0, column=self.random.randrange(self.columns), row=self.random.choice(list(self.positions)),
            correction=self.random.getrandbits(self.bits + 1),
            accumulators=self.random.getrandbits(accumulator_word_bits(self.block.design)),
        )  # fmt: skip

    async def correct(self, row: int, column: int, rests: int) -> None:
        """One correction, from its cycle to the one in which it is written, and cycles without any after it."""
        limit = (1 << self.bits - 1) - 1
        word, position = self.positions[row]
        change, address = some_change(self.random, self.bits), column * len(self.held) + word
        before = some_integers(self.random, -limit, limit, self.held.shape[1])
        after = [saturate(value + change * (index == position), limit) for index, value in enumerate(before)]
        self.mean_nothing()
        self.block.put(corrects=1, column=column, row=row, correction=change & (2 << self.bits) - 1)
        await self.cycle(0)
        self.bench.compare(self.block, f"address of row {row} of column {column}", self.block.get("address"), address)
        for cycle in range(1, ROUNDED + 1):
            self.mean_nothing()
            if cycle == 1:
                self.block.put(accumulators=pack(before, self.bits))
            await self.cycle(1, (address, pack(after, self.bits)) if cycle == ROUNDED else None)
        for _ in range(rests):
            self.mean_nothing()
            await self.cycle(0)


@block_test
async def corrections(bench: BlockBench) -> None:
    """Every row, every column, and many at random, as close as they come and further apart."""

    async def drive(block: Block) -> None:
        account, random = Account(bench, block), bench.random
        rows, columns = list(account.positions), range(account.columns)
        positions = [(row, random.choice(columns)) for row in rows] + [
            (random.choice(rows), column) for column in columns
        ]
        positions += [(random.choice(rows), random.choice(columns)) for _ in range(CORRECTIONS)]
        for row, column in positions:
            await account.correct(row, column, SAMPLE_GAP - ROUNDED - 1 + random.choice((0, 0, 1, 5)))

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """After a reset nothing is written that was to be before it."""
    for waits in range(2 * ROUNDED):
        for block in bench.blocks:
            block.put(corrects=1)
        await bench.cycle()
        for block in bench.blocks:
            block.put(corrects=0)
        if waits % ROUNDED:
            await bench.cycle(waits % ROUNDED)
        await bench.reset(1)

        async def rests(block: Block) -> None:
            account = Account(bench, block)
            for _ in range(ROUNDED + 1):
                await account.cycle(0)
            await account.correct(next(iter(account.positions)), 0, 0)

        await bench.each(rests)
