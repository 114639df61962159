"""The correction store: words that the host, pulses and a calibration write, and who reads them in the same cycle.

Rules K1, K3, K5, K6 and K7.
"""

from __future__ import annotations

from remora.hdl.lib.columns import folds, lanes_of
from remora.spec.crossbar.correction.plan import COLUMN_BITS
from remora.spec.crossbar.layout import Layer
from remora.tb.blocks.crossbar.correction.corrections import Corrections, some_offset
from remora.tb.lib.bench import Block, BlockBench, block_test, pack

CYCLES = 600


async def cycle(bench: BlockBench, block: Block, account: Corrections) -> None:
    """Any traffic for a cycle, everything compared."""
    random, design = bench.random, block.design
    stores = design.capabilities.calibrates and random.random() < 0.2
    account.put(writes=not stores)
    silent = random.random() < 0.1
    block.put(silent=int(silent))
    if design.capabilities.calibrates:
        bits, most = design.formats.adc_bits, design.formats.adc_limit
        layer = random.choice(list(Layer))
        fold = random.randrange(folds(design, layer, lanes_of(design, layer)))
        lanes = max(lanes_of(design, each) for each in Layer)
        word = pack([some_offset(random, bits, most) for _ in range(lanes)], bits)
        block.put(store=int(stores), store_layer=int(layer), store_fold=fold, stored=word)
    await bench.cycle()
    account.compare(silent)
    account.follow()
    if stores:
        account.store(layer, fold, word)


@block_test
async def any_traffic(bench: BlockBench) -> None:
    """Words that are written, pulsed and stored at random, cycle by cycle."""
    await bench.reset(1)

    async def drive(block: Block) -> None:
        account = Corrections(bench, block)
        for _ in range(CYCLES):
            await cycle(bench, block, account)

    await bench.each(drive)


@block_test
async def columns_that_are_not_there(bench: BlockBench) -> None:
    """What is written to a column that a layer lacks reaches none that it has, whatever bit tells them apart."""

    async def drive(block: Block) -> None:
        account = Corrections(bench, block)
        for layer, count in account.columns.items():
            for column in range(count):
                for bit in range(count.bit_length(), COLUMN_BITS):
                    account.put(at=(layer, column | 1 << bit))
                    await bench.cycle()
                    account.compare()
                    account.follow()
                account.put(writes=False, at=(layer, column))
                await bench.cycle()
                account.compare()

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """A reset clears all words."""

    async def drive(block: Block) -> None:
        account = Corrections(bench, block)
        for _ in range(cycles):
            await cycle(bench, block, account)
        account.put(writes=False)
        if block.design.capabilities.calibrates:
            block.put(store=0)

    for _ in range(5):
        cycles = bench.random.randrange(30, 50)
        await bench.each(drive)
        await bench.reset(1)
    cycles = 1
    await bench.each(drive)
