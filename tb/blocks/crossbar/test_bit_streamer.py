"""The bit streamer: every row's word on its wordlines, plane by plane."""

from __future__ import annotations

from remora.tb.lib.bench import Block, BlockBench, block_test, pack, some_integers
from remora.tb.models.streaming import feature_word, stored_word, wordlines


async def stream(bench: BlockBench, block: Block, features: list[int], states: list[int], first: bool) -> None:
    """Put words on and compare the wordlines of all planes."""
    design = block.design
    bits = design.formats.stream_bits
    block.put(
        features=pack(features, 8),
        words=pack([stored_word(design, word) for word in states], bits + 1),
        control__first=int(first),
    )
    rows = (
        [feature_word(design, byte) for byte in features]
        + [0 if first else word for word in states]
        + [design.formats.stream_limit]
    )
    for plane in range(bits):
        block.put(control__plane=plane, control__enable=1)
        await bench.cycle()
        found = block.get("wl_pos"), block.get("wl_neg")
        bench.compare(
            block, f"wordlines of plane {plane}, first {first}, rows {rows}", found, wordlines(design, rows, plane)
        )
    block.put(control__enable=0)
    await bench.cycle()
    bench.compare(block, "wordlines while not enabled", (block.get("wl_pos"), block.get("wl_neg")), (0, 0))


@block_test
async def random_words(bench: BlockBench) -> None:
    """Random, full-scale, zero and alternating features and states, in the first step and later."""

    async def drive(block: Block) -> None:
        network, limit = block.design.network, block.design.formats.stream_limit
        for _ in range(30):
            features = some_integers(bench.random, 0, 255, network.features)
            states = some_integers(bench.random, -limit, limit, network.hidden)
            await stream(bench, block, features, states, first=bench.chance(0.2))

    await bench.each(drive)


@block_test
async def every_feature_byte(bench: BlockBench) -> None:
    """All 256 bytes at every width, unsigned and signed."""
    blocks = [block for block in bench.blocks if block.name.startswith("bits_")]

    async def drive(block: Block) -> None:
        for byte in range(256):
            await stream(bench, block, [byte, 255 - byte], [0], first=False)

    await bench.each(drive, blocks)
    assert len(blocks) == 14 and bench.compared == 256 * sum(block.design.formats.stream_bits + 1 for block in blocks)
