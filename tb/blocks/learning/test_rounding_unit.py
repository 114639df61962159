"""The rounding unit: the contract's random number for every lane, in its cycle."""

from __future__ import annotations

from remora.spec.lib.rng import HASH_CYCLES
from remora.tb.lib.bench import Block, BlockBench, block_test
from remora.tb.models.learning import rounding_number


@block_test
async def every_lane(bench: BlockBench) -> None:
    """Columns and folds of both layers, update numbers and seeds at their ends; done when it says."""

    async def drive(block: Block) -> None:
        design, random = block.design, bench.random
        network, lanes = design.network, design.learning_lanes
        bits, folds = design.learning.accumulator_level.bit_length() - 1, design.learning_folds
        for _ in range(40):
            readout = random.getrandbits(1)
            column = random.randrange(network.classes if readout else network.hidden)
            fold = random.choice((0, folds - 1, random.randrange(folds)))
            seed, update = (random.choice((0, 1, 2**32 - 1, random.getrandbits(32))) for _ in range(2))
            block.put(seed=seed, update_number=update, readout=readout, column=column, fold_index=fold, start=1)
            await bench.cycle()
            block.put(start=0)
            for _ in range(HASH_CYCLES - 1):
                await bench.cycle()
                bench.compare(block, "done too early", block.get("done"), 0)
            await bench.cycle()
            bench.compare(block, "done", block.get("done"), 1)
            found = block.get("random")
            for lane in range(lanes):
                row = fold * lanes + lane
                wanted = rounding_number(design, seed, update, bool(readout), column, row)
                bench.compare(block, f"r of row {row}", found >> bits * lane & (1 << bits) - 1, wanted)

    await bench.each(drive)
