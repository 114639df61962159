"""The feedback units: every column's value, from the random generator of the contract, in its cycle."""

from __future__ import annotations

from remora.tb.lib.bench import Block, BlockBench, block_test, pack, some_integers
from remora.tb.models.learning import feedback

ERROR_BITS, ERROR_LIMIT = 9, 255


async def begin(bench: BlockBench, block: Block) -> list[int]:
    """Errors on the port and a start; the errors."""
    error = some_integers(bench.random, -ERROR_LIMIT, ERROR_LIMIT, block.design.network.classes)
    block.put(error=pack(error, ERROR_BITS), start=1)
    await bench.cycle()
    block.put(start=0)
    return error


@block_test
async def all_columns(bench: BlockBench) -> None:
    """One value after the other, taken at once or late, each valid on its cycle and stable until it is taken."""

    async def drive(block: Block) -> None:
        network, cycles = block.design.network, block.design.cycles
        units = min(block.design.learning.columns, network.hidden)
        for _ in range(3):
            seed = block.design.learning.seed
            block.put(seed=seed)
            error = await begin(bench, block)
            now, valid = 0, [cycles.first_feedback] * units
            for column in range(network.hidden):
                unit, asked = column % units, now
                while True:
                    now += 1
                    await bench.cycle()
                    if block.get("valid"):
                        break
                    assert now - asked <= 1000, f"{block.name}: no value of column {column}"
                bench.compare(block, f"cycle of column {column}", now, max(asked + 1, valid[unit]))
                wanted = feedback(block.design, error, column)
                # Others come to their next column where one is not taken for long.
                late = bench.random.choice((0, 0, 3, 60))
                for _ in range(late):
                    bench.compare(block, f"feedback of column {column}", block.get_signed("feedback"), wanted)
                    await bench.cycle()
                    now += 1
                    bench.compare(block, "valid", block.get("valid"), 1)
                block.put(take=1)
                await bench.cycle()
                now += 1
                bench.compare(block, f"feedback of column {column}", block.get_signed("feedback"), wanted)
                block.put(take=0)
                valid[unit] = now + cycles.next_feedback(now - valid[unit])
            for _ in range(cycles.first_feedback + 3):
                await bench.cycle()
                bench.compare(block, "valid after the last column", block.get("valid"), 0)

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """After a reset at any cycle there is no value, and the next start begins with column 0."""
    for _ in range(6):
        for block in bench.blocks:
            block.put(take=0, seed=block.design.learning.seed)
            await begin(bench, block)
        await bench.cycle(bench.random.randint(1, 60))
        await bench.reset(1)
        await bench.cycle()
        for block in bench.blocks:
            bench.compare(block, "valid after reset", block.get("valid"), 0)

        async def first(block: Block) -> None:
            error = await begin(bench, block)
            for _ in range(block.design.cycles.first_feedback):
                await bench.cycle()
            bench.compare(block, "valid", block.get("valid"), 1)
            bench.compare(block, "first value", block.get_signed("feedback"), feedback(block.design, error, 0))

        await bench.each(first)
        await bench.reset(1)
