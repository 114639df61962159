"""Tests of the ticker: one compares every cycle, one waits for what a mutant may never give, one sees nothing."""

from __future__ import annotations

from remora.tb.lib.bench import BlockBench, block_test


@block_test
async def is_for_others(bench: BlockBench) -> None:
    """Drives no instance of this bench, and so says nothing of it; those after it run all the same."""
    await bench.each(lambda block: bench.cycle(), [])


@block_test
async def counts(bench: BlockBench) -> None:
    """Every third cycle, with pauses."""
    (block,) = bench.blocks
    counted = 0
    for _ in range(40):
        count = bench.random.getrandbits(1)
        block.put(count=count)
        await bench.cycle()
        bench.compare(block, "full", block.get("full"), int(count and counted % 3 == 2))
        counted += count


@block_test
async def fills(bench: BlockBench) -> None:
    """It is full some time."""
    (block,) = bench.blocks
    block.put(count=1)
    while not block.get("full"):
        await bench.cycle()
    bench.compare(block, "full", block.get("full"), 1)


@block_test
async def idles(bench: BlockBench) -> None:
    """Nothing that a mutant changes."""
    await bench.cycle()
    bench.compare("bench", "nothing", 0, 0)
