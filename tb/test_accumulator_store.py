"""The accumulator store: cleared after every reset, a column a cycle, then a memory."""

from __future__ import annotations

from tb.blocks import Block, BlockBench, block_test


@block_test
async def clears_and_keeps(bench: BlockBench) -> None:
    """Random columns written and read; after each reset, one within a sweep, all are 0 once the sweep is over."""
    for round_ in range(4):
        await bench.reset(1)
        if round_ == 2:
            await bench.cycle(1)
            await bench.reset(1)

        async def drive(block: Block) -> None:
            design, random = block.design, bench.random
            columns = design.network.hidden + design.network.classes
            width = design.learning.accumulator_bits * design.hidden_rows
            for _ in range(columns):
                await bench.cycle()
                bench.compare(block, "clearing", block.get("clearing"), 1)
            await bench.cycle()
            bench.compare(block, "clearing at the end", block.get("clearing"), 0)
            held = dict.fromkeys(range(columns), 0)
            for column in [*range(columns), *(random.randrange(columns) for _ in range(60))]:
                block.put(column=column, read=1)
                await bench.cycle()
                block.put(read=0, column=random.randrange(columns))
                await bench.cycle()
                bench.compare(block, f"column {column}", block.get("accumulators"), held[column])
                if random.random() < 0.7:
                    held[column] = random.getrandbits(width)
                    block.put(column=column, write=1, data=held[column])
                    await bench.cycle()
                    block.put(write=0, data=random.getrandbits(width))

        await bench.each(drive)
