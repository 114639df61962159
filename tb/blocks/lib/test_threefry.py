"""Threefry, a round a cycle and a stage a round: both words of the hash, in their cycle, whatever is asked for when."""

from __future__ import annotations

from collections import deque

from remora.spec.lib.rng import HASH_CYCLES, LANE_BITS, threefry2x32
from remora.tb.lib.bench import Block, BlockBench, block_test, some_word

DRAWS = 60
CYCLES = 600


def rounds(bench: BlockBench) -> list[Block]:
    """Those that take a round a cycle."""
    return [block for block in bench.blocks if "lanes" not in block.parameters]


def pipelines(bench: BlockBench) -> list[Block]:
    """Those with a stage a round."""
    return [block for block in bench.blocks if "lanes" in block.parameters]


@block_test
async def one_at_a_time(bench: BlockBench) -> None:
    """Hashes that wait to be looked at, and some that another start ends; ``done`` rises in its cycle."""

    async def drive(block: Block) -> None:
        random = bench.random
        for _ in range(DRAWS):
            key, counter = ((some_word(random, 32), some_word(random, 32)) for _ in range(2))
            block.put(start=1, key_0=key[0], key_1=key[1], counter_0=counter[0], counter_1=counter[1])
            await bench.cycle()
            # Only the key stays.
            block.put(start=0, counter_0=some_word(random, 32), counter_1=some_word(random, 32))
            last = random.randrange(1, HASH_CYCLES) if random.random() < 0.2 else HASH_CYCLES + random.randrange(3)
            for cycle in range(1, last + 1):
                await bench.cycle()
                bench.compare(block, f"done after {cycle} cycles", block.get("done"), int(cycle >= HASH_CYCLES))
                if cycle >= HASH_CYCLES:
                    found = block.get("word"), block.get("second_word")
                    expected = tuple(map(int, threefry2x32(key, counter)))
                    bench.compare(block, f"words of {key}, {counter}", found, expected)

    await bench.each(drive, rounds(bench))


@block_test
async def one_a_cycle(bench: BlockBench) -> None:
    """Starts in some cycles, of any lane, under a key that changes while nothing is under way; with ``advance`` the
    stages stand still at times."""

    async def drive(block: Block) -> None:
        random = bench.random
        waits = block.parameters.get("waits", False)
        for _ in range(4):
            key = some_word(random, 32), some_word(random, 32 - LANE_BITS)
            block.put(key_0=key[0], key_1=key[1])
            # What comes out of the last stage, and what is in the others.
            under_way: deque[tuple[int, int] | None] = deque([None] * HASH_CYCLES)
            often, moves = random.choice((0.2, 1.0)), random.choice((0.3, 1.0)) if waits else 1.0
            for cycle in range(CYCLES // 4 + HASH_CYCLES):
                starts = cycle < CYCLES // 4 and random.random() < often
                counter = some_word(random, 32), some_word(random, 32)
                lane = random.randrange(block.parameters["lanes"])
                advance = cycle >= CYCLES // 4 or random.random() < moves
                block.put(start=int(starts), counter_0=counter[0], counter_1=counter[1], lane=lane)
                if waits:
                    block.put(advance=int(advance))
                await bench.cycle()
                words = under_way[0]
                bench.compare(block, f"done in cycle {cycle}", block.get("done"), int(words is not None))
                if words is not None:
                    bench.compare(block, "words", (block.get("word"), block.get("second_word")), words)
                if advance:
                    under_way.popleft()
                    whole = key[0], key[1] << LANE_BITS | lane
                    low, high = threefry2x32(whole, counter)
                    under_way.append((int(low), int(high)) if starts else None)
            block.put(start=0)
            bench.compare(block, "draws under way", any(under_way), False)

    await bench.each(drive, pipelines(bench))


@block_test
async def resets(bench: BlockBench) -> None:
    """After a reset nothing is done that was asked for before it."""
    for _ in range(6):
        for block in bench.blocks:
            block.put(start=1, counter_0=bench.random.getrandbits(32))
            if block.parameters.get("waits"):
                block.put(advance=1)
        await bench.cycle(bench.random.randrange(1, 2 * HASH_CYCLES))
        for block in bench.blocks:
            block.put(start=0)
        await bench.cycle(bench.random.randrange(1, HASH_CYCLES + 2))
        await bench.reset(1)
        for _ in range(HASH_CYCLES + 2):
            await bench.cycle()
            for block in bench.blocks:
                bench.compare(block, "done after a reset", block.get("done"), 0)
