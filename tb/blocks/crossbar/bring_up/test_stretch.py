"""The recovery after pulses: for how many cycles it lasts, of every length, and of pulses at random."""

from __future__ import annotations

from remora.spec.crossbar.tiles import STRETCH_BITS
from remora.tb.lib.bench import Block, BlockBench, block_test

LONGEST = (1 << STRETCH_BITS) - 1
CYCLES = 6_000


class Account:
    """A recovery, and the last cycle of it. A pulse that lasts may end in any cycle, so each cycle counts as its
    end."""

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.now, self.last = bench, block, 0, -1

    async def cycle(self, pulse: int, cycles: int) -> None:
        """One cycle, compared."""
        self.block.put(pulse=pulse, cycles=cycles)
        await self.bench.cycle()
        what = f"recovering in cycle {self.now}, pulse {pulse} of {cycles}"
        self.bench.compare(self.block, what, self.block.get("recovering"), int(self.now <= self.last))
        if pulse:
            self.last = self.now + cycles
        self.now += 1


@block_test
async def every_length(bench: BlockBench) -> None:
    """Pulses of one cycle, and of more, with nothing under way; the length that the register gets later is that of the
    next pulse."""

    async def drive(block: Block) -> None:
        account = Account(bench, block)
        for cycles in range(LONGEST + 1):
            for _ in range(bench.random.choice((1, 1, 2, 5))):
                await account.cycle(1, cycles)
            other = bench.random.getrandbits(STRETCH_BITS)
            for _ in range(cycles + 2):
                await account.cycle(0, other)

    await bench.each(drive)


@block_test
async def at_random(bench: BlockBench) -> None:
    """Pulses that come while another recovery lasts, with a shorter one, a longer one or none, and lengths that change
    in every cycle."""

    async def drive(block: Block) -> None:
        account, random = Account(bench, block), bench.random
        often = 0.1
        for cycle in range(CYCLES):
            if cycle % 100 == 0:
                often = random.choice((0.02, 0.1, 0.5, 0.9))
            some = (0, 1, 2, 3, 1 << random.randrange(STRETCH_BITS), random.getrandbits(STRETCH_BITS))
            await account.cycle(int(random.random() < often), random.choice(some))

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """A reset ends the recovery, and a pulse in its cycle begins none."""
    for _ in range(40):
        for block in bench.blocks:
            block.put(pulse=1, cycles=1 << bench.random.randrange(STRETCH_BITS))
        await bench.cycle()
        for block in bench.blocks:
            block.put(pulse=bench.random.getrandbits(1))
        await bench.cycle(bench.random.randrange(1, 20))
        await bench.reset(1)

        async def drive(block: Block) -> None:
            account = Account(bench, block)
            for _ in range(5):
                await account.cycle(0, bench.random.getrandbits(STRETCH_BITS))

        await bench.each(drive)
