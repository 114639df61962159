"""The memory: what was written last is read, and a read holds until the next."""

from __future__ import annotations

from remora.spec.lib.macro_memories import MOST_DEPTH
from remora.tb.lib.bench import Block, BlockBench, block_test

CYCLES = 500
WORDS = 16
"""About how many of a memory are written and read."""


async def traffic(bench: BlockBench, block: Block, words: dict[int, int], cycles: int) -> None:
    """Random reads and writes, of one word at most once a cycle; read data compared in every cycle once it is known.

    Words are few enough to be met again, and on both sides of every border between macros.
    """
    depth, width = block.parameters["depth"], block.parameters["width"]
    borders = [word for border in range(0, depth + 1, MOST_DEPTH) for word in (border - 1, border) if 0 <= word < depth]
    pool = sorted({0, depth - 1, *borders, *(bench.random.randrange(depth) for _ in range(WORDS))})
    shown = None
    for _ in range(cycles):
        writing, reading = bench.chance(0.5), bench.chance(0.5)
        write_address, read_address = bench.random.choice(pool), bench.random.choice(pool)
        reading = reading and not (writing and read_address == write_address)
        data = bench.random.getrandbits(width)
        block.put(
            write=int(writing),
            write_address=write_address,
            write_data=data,
            read=int(reading),
            read_address=read_address,
        )
        await bench.cycle()
        if shown is not None:
            bench.compare(block, "read data", block.get("read_data"), shown)
        if reading:
            shown = words.get(read_address)
        if writing:
            words[write_address] = data
    block.put(read=0, write=0)


@block_test
async def random_traffic(bench: BlockBench) -> None:
    """Every size against a dictionary."""
    await bench.each(lambda block: traffic(bench, block, {}, CYCLES))
    assert bench.compared > 100 * len(bench.blocks)


@block_test
async def content_survives_reset(bench: BlockBench) -> None:
    """A reset touches no word."""
    contents: dict[str, dict[int, int]] = {block.name: {} for block in bench.blocks}
    for _ in range(4):
        await bench.each(lambda block: traffic(bench, block, contents[block.name], 60))
        await bench.reset(bench.random.randint(1, 3))


@block_test
async def violate(bench: BlockBench) -> None:
    """Break the contract as told; the simulation must not come back."""
    block = next(block for block in bench.blocks if block.name == bench.config["block"])
    block.put(**bench.config["violation"])
    await bench.cycle(3)
    bench.compare(block, "simulation ended", False, True)
