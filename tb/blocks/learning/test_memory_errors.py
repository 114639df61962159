"""Counts of words with a wrong parity: exact, cleared, and they stay at their largest number."""

from __future__ import annotations

from collections.abc import Iterable

from remora.spec.crossbar.memories import HostMemory
from remora.tb.lib.bench import Block, BlockBench, block_test

OF = {
    "accumulators": (HostMemory.ACCUMULATORS, HostMemory.FAULT_MAP),
    "reservoir": (HostMemory.RESERVOIR_STEPS, HostMemory.RESERVOIR_HEADS),
}
"""Memories of a count."""
ALWAYS = (HostMemory.ACCUMULATORS, HostMemory.RESERVOIR_STEPS, HostMemory.RESERVOIR_HEADS)
"""Those that have a bit in every design."""
CYCLES = 3_000
MANY = 1_000
"""Errors of a memory alone, where more are counted."""


class Counts:
    """The counts of one block."""

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block = bench, block
        self.most = (1 << block.parameters["bits"]) - 1
        self.memories = sorted({*ALWAYS, *block.parameters["memories"]})
        self.counts = dict.fromkeys(OF, 0)
        self.seen: set[tuple[str, bool]] = set()
        """Of each count, whether it was at its end."""

    async def cycle(self, wrong: Iterable[int], clear: int = 0, cycles: int = 1) -> None:
        """Some cycles of the same errors, one where they are cleared, and the counts that the last begins with."""
        wrong = set(wrong)
        self.block.put(errors=sum(1 << memory for memory in wrong), clear=clear)
        await self.bench.cycle(cycles)
        more = {name: len(wrong.intersection(memories)) for name, memories in OF.items()}
        for name, count in self.counts.items():
            shown = min(self.most, count + more[name] * (cycles - 1))
            self.bench.compare(self.block, f"{name}, then {wrong} and clear {clear}", self.block.get(name), shown)
            self.seen.add((name, shown == self.most))
            self.counts[name] = min(self.most, (0 if clear else shown) + more[name])


@block_test
async def at_random(bench: BlockBench) -> None:
    """Errors of any memories in any cycle, rare and often, and clears, in the cycle of errors too."""

    async def drive(block: Block) -> None:
        counts, random = Counts(bench, block), bench.random
        for cycle in range(CYCLES):
            often, clears = ((0.05, 0.01), (0.5, 0.03), (0.9, 0.02), (0.5, 0.5))[cycle // 50 % 4]
            wrong = [memory for memory in counts.memories if random.random() < often]
            await counts.cycle(wrong, int(random.random() < clears))
        if counts.most < MANY:
            bench.compare(block, "counts at their end and below", len(counts.seen), 2 * len(OF))

    await bench.each(drive)


@block_test
async def up_to_their_end(bench: BlockBench) -> None:
    """One memory after the other, alone and with all others, up to the largest number and on."""

    async def drive(block: Block) -> None:
        counts = Counts(bench, block)
        for wrong in [*([memory] for memory in counts.memories), counts.memories]:
            await counts.cycle([], clear=1)
            for _ in range(min(counts.most, MANY) + 3):
                await counts.cycle(wrong)
        # From an odd number two errors a cycle reach the end, and would pass it next; from an even one they pass it.
        for begin in ([], [HostMemory.ACCUMULATORS, HostMemory.RESERVOIR_HEADS]):
            await counts.cycle(begin, clear=1)
            await counts.cycle(counts.memories, cycles=max(1, counts.most // 2))
            for _ in range(4):
                await counts.cycle(counts.memories)
        bench.compare(block, "counts at their end and below", len(counts.seen), 2 * len(OF))
        await counts.cycle([], clear=1)
        await counts.cycle([])

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """A reset clears both counts, whatever comes in its cycle."""
    for _ in range(10):
        for block in bench.blocks:
            block.put(errors=(1 << len(Counts(bench, block).memories)) - 1, clear=0)
        await bench.cycle(bench.random.randrange(1, 12))
        await bench.reset(1)

        async def drive(block: Block) -> None:
            counts = Counts(bench, block)
            for _ in range(3):
                await counts.cycle([])

        await bench.each(drive)
