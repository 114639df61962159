"""The decision: the scores in order, and the first of the largest."""

from __future__ import annotations

from remora.spec.crossbar.layout import Layer, layer_layout
from remora.tb.lib.bench import Block, BlockBench, block_test, pack, some_integers, unpack_signed


async def decide(bench: BlockBench, block: Block, values: str = "any") -> None:
    """One decision, compared in every cycle."""
    design = block.design
    layout, bits, limit = layer_layout(design, Layer.READOUT), design.formats.adc_bits, design.formats.adc_limit
    classes, tiles = layout.columns, layout.row_tiles
    span = 1 if values == "ties" else limit
    codes = some_integers(bench.random, -span, span, tiles * classes)
    scores = [max(-limit, min(limit, sum(codes[index::classes]))) for index in range(classes)]
    block.put(control__start=1, codes=pack(codes, bits))
    for index in range(classes):
        await bench.cycle()
        block.put(control__start=0)
        if index:
            bench.compare(block, f"done {index} cycles after the start", block.get("control__done"), 0)
        saturated = sum(abs(code) == limit for code in codes[index::classes])
        bench.compare(block, f"saturations of class {index}", block.get("saturations"), saturated)
    # The codes may go as soon as the last score is taken; the result stays.
    block.put(codes=pack(some_integers(bench.random, -limit, limit, tiles * classes), bits))
    for wait in range(bench.random.randint(1, 3)):
        await bench.cycle()
        bench.compare(block, f"done {classes + wait} cycles after the start", block.get("control__done"), 1)
        bench.compare(block, "saturations when done", block.get("saturations"), 0)
        bench.compare(block, "scores", unpack_signed(block.get("scores"), bits, classes), scores)
        bench.compare(block, f"decision of {scores}", block.get("decision"), scores.index(max(scores)))


@block_test
async def largest_score(bench: BlockBench) -> None:
    """Random, full-scale and tied scores, one decision after another."""

    async def drive(block: Block) -> None:
        for round_ in range(30):
            await decide(bench, block, "ties" if round_ % 3 == 0 else "any")

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """After a reset at any cycle nothing is done, and the next decision starts with class 0."""
    for _ in range(12):
        for block in bench.blocks:
            block.put(control__start=1)
        await bench.cycle()
        for block in bench.blocks:
            block.put(control__start=0)
        await bench.cycle(bench.random.randint(1, 8))
        await bench.reset(1)
        for wait in range(1, 4):
            await bench.cycle()
            for block in bench.blocks:
                bench.compare(block, f"done {wait} cycles after reset", block.get("control__done"), 0)
        await bench.each(lambda block: decide(bench, block))
