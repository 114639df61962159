"""The quantiser: what is stored of every step, in its cycle, from the random generator of the contract."""

from __future__ import annotations

from remora.spec.crossbar.learning import QUANTISER_BYTES, REPLAY_BITS
from remora.spec.lib.rng import Purpose, draw
from remora.tb.lib.bench import Block, BlockBench, block_test, pack


def stored(signed: bool, seed: int, sequence: int, step: int, feature: int, byte: int) -> int:
    """Four bits of one feature byte."""
    word = int(draw(seed, Purpose.REPLAY_QUANTISER, sequence, step, feature // QUANTISER_BYTES))
    unsigned = (byte + 128) % 256 if signed else byte
    return (15 * unsigned + (word >> 8 * (feature % QUANTISER_BYTES) & 0xFF)) >> 8


def stored_word(block: Block, seed: int, sequence: int, step: int, features: bytes) -> int:
    """A step's word."""
    signed = block.design.network.feature_signed
    values = [stored(signed, seed, sequence, step, position, byte) for position, byte in enumerate(features)]
    return pack(values, REPLAY_BITS)


def some_features(bench: BlockBench, count: int) -> bytes:
    """Bytes at the ends, or any."""
    return bytes(bench.random.choice((0, 127, 128, 255, bench.random.randrange(256))) for _ in range(count))


async def quantise(bench: BlockBench, block: Block, length: int) -> None:
    """A whole sequence, every cycle compared."""
    network, random = block.design.network, bench.random
    seed, sequence = random.getrandbits(32), random.choice((0, 1, 2**32 - 1, random.getrandbits(32)))
    block.put(start=1, seed=seed, number=sequence, length=length)
    await bench.cycle()
    block.put(start=0)
    for step in range(length):
        await bench.cycle()
        found = tuple(block.get(port) for port in ("read_features", "step", "write", "done"))
        bench.compare(block, "read of features, step, write, done", found, (1, step, 0, 0))
        features = some_features(bench, network.features)
        block.put(features=int.from_bytes(features, "little"))
        for _ in range(block.design.cycles.quantised_step - 2):
            await bench.cycle()
            bench.compare(block, "write, done", (block.get("write"), block.get("done")), (0, 0))
        await bench.cycle()
        found = tuple(block.get(port) for port in ("write", "step", "word", "done"))
        wanted = (1, step, stored_word(block, seed, sequence, step, features), int(step == length - 1))
        bench.compare(block, f"write of step {step}", found, wanted)
    await bench.cycle()
    bench.compare(block, "idle at the end", (block.get("write"), block.get("read_features")), (0, 0))


@block_test
async def sequences(bench: BlockBench) -> None:
    """Sequences of the longest length, of one step, and of any, one after the other; enough for each bit to matter."""

    async def drive(block: Block) -> None:
        longest = min(block.design.network.max_steps, 9)
        some = [bench.random.randint(1, longest) for _ in range(12)]
        for length in (longest, 1, min(2, longest), *some, 1):
            await quantise(bench, block, length)

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """After a reset at any cycle the next sequence begins with its first step and feature."""
    for _ in range(8):
        for block in bench.blocks:
            block.put(start=1, length=block.design.network.max_steps)
        await bench.cycle()
        for block in bench.blocks:
            block.put(start=0)
        await bench.cycle(bench.random.randint(1, 60))
        await bench.reset(1)
        await bench.each(lambda block: quantise(bench, block, 1))
