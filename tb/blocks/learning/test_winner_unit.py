"""The winner unit: the feedback of every column in order, and the right ones learn, whatever their number."""

from __future__ import annotations

from remora.tb.lib.bench import Block, BlockBench, block_test, pack, some_integers
from remora.tb.models.learning import feedback, winners

ERROR_BITS, ERROR_LIMIT = 9, 255
TIMEOUT_CYCLES = 4000


async def begin(bench: BlockBench, block: Block, error: list[int], count: int) -> None:
    """Errors and the number of winners on the ports, and a start."""
    block.put(seed=block.design.learning.seed, error=pack(error, ERROR_BITS), winners=count, start=1)
    await bench.cycle()
    block.put(start=0)


async def columns(bench: BlockBench, block: Block, error: list[int], count: int) -> None:
    """Take every column, some late, and compare."""
    hidden = block.design.network.hidden
    values = [feedback(block.design, error, column) for column in range(hidden)]
    wanted = winners(values, count)
    assert sum(wanted) == count
    for column in range(hidden):
        for _ in range(TIMEOUT_CYCLES):
            await bench.cycle()
            if block.get("valid"):
                break
        for _ in range(bench.random.choice((0, 0, 1, 2))):
            await bench.cycle()
        bench.compare(block, f"feedback of column {column}", block.get_signed("feedback"), values[column])
        bench.compare(
            block, f"whether column {column} of {values} is among {count}", block.get("learns"), int(wanted[column])
        )
        block.put(take=1)
        await bench.cycle()
        block.put(take=0)
    await bench.cycle()
    bench.compare(block, "valid after the last column", block.get("valid"), 0)


@block_test
async def any_number_of_winners(bench: BlockBench) -> None:
    """One, all, and numbers between; errors that give many ties."""

    async def drive(block: Block) -> None:
        hidden, classes = block.design.network.hidden, block.design.network.classes
        few = hidden < 10
        counts = {1, hidden, -(-hidden // 2), bench.random.randint(1, hidden), block.design.winners}
        for count in counts | set(range(1, hidden + 1)) if few else counts:
            some = [some_integers(bench.random, -ERROR_LIMIT, ERROR_LIMIT, classes) for _ in range(4 if few else 1)]
            # Of few different values.
            alike = [[bench.random.choice((-1, 0, 1)) for _ in range(classes)] for _ in range(6 if few else 1)]
            for error in (*some, *alike, [bench.random.choice((0, 1))] * classes):
                await begin(bench, block, error, count)
                await columns(bench, block, error, count)

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """After a reset at any cycle nothing is valid, and the next start gives everything anew."""
    for _ in range(4):
        for block in bench.blocks:
            error = some_integers(bench.random, -ERROR_LIMIT, ERROR_LIMIT, block.design.network.classes)
            await begin(bench, block, error, 1)
        await bench.cycle(bench.random.randint(1, 300))
        await bench.reset(1)
        await bench.cycle()
        for block in bench.blocks:
            bench.compare(block, "valid after reset", block.get("valid"), 0)

        async def anew(block: Block) -> None:
            error = some_integers(bench.random, -ERROR_LIMIT, ERROR_LIMIT, block.design.network.classes)
            count = bench.random.randint(1, block.design.network.hidden)
            await begin(bench, block, error, count)
            await columns(bench, block, error, count)

        await bench.each(anew)
