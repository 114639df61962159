"""The index unit: the index of the contract for bounds of every kind, in its cycle."""

from __future__ import annotations

from remora.spec.crossbar.cycles import DRAW
from remora.spec.lib.rng import Purpose, draw, uniform_index
from remora.tb.lib.bench import Block, BlockBench, block_test

LARGEST = 2**32 - 1
BOUNDS = [1, 2, 3, 4, 5, 7, 8, 9, 255, 256, 257, 2**16 + 1, 2**31 - 1, 2**31, 2**31 + 1, LARGEST - 1, LARGEST]


def rejections(seed: int, purpose: Purpose, bound: int, sequence: int, replay_index: int, attempts: int) -> int:
    """Attempts before the one whose word is used."""
    mask = (1 << (bound - 1).bit_length()) - 1
    words = (int(draw(seed, purpose, sequence, replay_index, 0, attempt)) & mask for attempt in range(attempts - 1))
    return next((attempt for attempt, word in enumerate(words) if word < bound), attempts - 1)


@block_test
async def indices(bench: BlockBench) -> None:
    """Every bound, any of every width, and any key; units of fewer attempts show the last one."""

    async def drive(block: Block) -> None:
        random, last = bench.random, 0
        attempts = block.parameters["attempts"]
        some = [random.randrange(1 << width - 1, 1 << width) for width in range(2, 33) for _ in range(4)]
        for bound in BOUNDS * 6 + some:
            purpose = random.choice((Purpose.REPLAY_INDEX, Purpose.RESERVOIR_INDEX))
            seed, sequence, replay_index = (random.choice((0, LARGEST, random.getrandbits(32))) for _ in range(3))
            block.put(start=1, seed=seed, purpose=int(purpose), bound=bound, number=sequence, replay_index=replay_index)
            await bench.cycle()
            block.put(start=0)
            rejected = rejections(seed, purpose, bound, sequence, replay_index, attempts)
            last += rejected == attempts - 1
            for _ in range(DRAW * (1 + rejected) - 1):
                await bench.cycle()
                bench.compare(block, "done", block.get("done"), 0)
            wanted = uniform_index(seed, purpose, bound, sequence, replay_index, attempts)
            for done in (1, 0):
                await bench.cycle()
                bench.compare(block, "done, index", (block.get("done"), block.get("index")), (done, wanted))
        assert attempts == 256 or last, "the last attempt was never reached"

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """After a reset at any cycle, in any attempt, the unit is idle and the next index is right."""
    for _ in range(20):
        for block in bench.blocks:
            block.put(start=1, seed=1, purpose=7, bound=2**31 + 1, number=bench.random.getrandbits(16), replay_index=2)
        await bench.cycle(bench.random.randint(1, 60))
        for block in bench.blocks:
            block.put(start=0)
        await bench.reset(1)

        async def one(block: Block) -> None:
            block.put(start=1, bound=5, number=9)
            await bench.cycle()
            block.put(start=0)
            for _ in range(1 + DRAW * 21):
                await bench.cycle()
                if block.get("done"):
                    break
            wanted = uniform_index(1, Purpose.REPLAY_INDEX, 5, 9, 2, block.parameters["attempts"])
            bench.compare(block, "index", block.get("index"), wanted)

        await bench.each(one)
