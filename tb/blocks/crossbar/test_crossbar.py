"""The crossbar macro through its array: reads, pulses, sense, reset, and the contract that its user keeps."""

from __future__ import annotations

import numpy as np

from remora.spec.crossbar.layout import Layer
from remora.tb.blocks.crossbar.crossbar_driver import CrossbarDriver
from remora.tb.lib.bench import Block, BlockBench, block_test, some_integers


def driver_of(bench: BlockBench, block: Block) -> CrossbarDriver:
    return CrossbarDriver(bench, block, Layer(block.parameters["layer"]))


def some_weights(bench: BlockBench, driver: CrossbarDriver) -> np.ndarray:
    layout, limit = driver.model.layout, driver.model.full
    return np.array([some_integers(bench.random, -limit, limit, layout.columns) for _ in range(layout.rows)])


def some_words(bench: BlockBench, driver: CrossbarDriver) -> list[int]:
    limit = driver.design.formats.stream_limit
    return some_integers(bench.random, -limit, limit, driver.model.layout.rows)


@block_test
async def reads(bench: BlockBench) -> None:
    """Random, full-scale and alternating words on programmed tiles; saturated codes among them."""
    saturated = 0

    async def drive(block: Block) -> None:
        nonlocal saturated
        driver = driver_of(bench, block)
        await driver.program_weights(some_weights(bench, driver))
        for _ in range(25):
            codes = await driver.read(some_words(bench, driver))
            saturated += sum(abs(code) == block.design.formats.adc_limit for code in codes)

    await bench.each(drive)
    assert bench.compared > 25 * len(bench.blocks) and saturated > 100


@block_test
async def program_and_sense(bench: BlockBench) -> None:
    """Random pulses on random rows and sides of random columns; the flags follow, and neighbours do not move."""

    async def drive(block: Block) -> None:
        driver = driver_of(bench, block)
        layout, random = driver.model.layout, bench.random
        # Tests share the devices, which no reset touches: bring them all to rest first.
        await driver.erase()
        for _ in range(60):
            tile = random.choice(layout.tiles)
            column = random.randrange(tile.columns)
            await driver.select(tile, column)
            up, side = random.getrandbits(tile.rows), random.getrandbits(tile.rows)
            down = random.getrandbits(tile.rows) & ~up
            driver.model.pulse(tile, column, up, down, side)
            await driver.pulse(up, down, side)
            driver.compare_sense(tile, column)
        for tile in layout.tiles:
            for column in range(tile.columns):
                await driver.select(tile, column)
        await driver.read(some_words(bench, driver))

    await bench.each(drive)


@block_test
async def selections_beyond(bench: BlockBench) -> None:
    """A pulse on a tile or a column that is not there moves nothing, and nothing is busy."""

    async def drive(block: Block) -> None:
        driver = driver_of(bench, block)
        await driver.erase()
        layout, rows = driver.model.layout, block.design.crossbar.rows
        column_space = 1 << len(block.handle("program__column"))
        beyond = [(tile.index, column) for tile in layout.tiles for column in range(tile.columns, column_space)]
        for index, column in [*beyond, (len(layout.tiles), 0), (255, 0)]:
            driver.put(tile=index, column=column)
            await driver.settle()
            driver.put(up=(1 << rows) - 1, down=0, side=0, pulse=1)
            await bench.cycle()
            driver.put(pulse=0)
            await bench.cycle()
            bench.compare(block, f"busy after a pulse on tile {index}, column {column}", block.get("program__busy"), 0)
        for tile in layout.tiles:
            for column in range(tile.columns):
                await driver.select(tile, column)

    await bench.each(drive)


@block_test
async def range_of_a_device(bench: BlockBench) -> None:
    """A device stays at full and at rest however often it is pulsed; both sides of a pair may be full."""

    async def drive(block: Block) -> None:
        driver = driver_of(bench, block)
        await driver.erase()
        tile = driver.model.layout.tiles[-1]
        all_rows, column = (1 << tile.rows) - 1, tile.columns - 1
        await driver.select(tile, column)
        for up, down, side in ((all_rows, 0, 0), (all_rows, 0, all_rows), (0, all_rows, 0), (0, all_rows, all_rows)):
            for _ in range(driver.model.top + 2):
                driver.model.pulse(tile, column, up, down, side)
                await driver.pulse(up, down, side)
                driver.compare_sense(tile, column)
            await driver.read(some_words(bench, driver))

    await bench.each(drive)


@block_test
async def pulses_complete_across_reset(bench: BlockBench) -> None:
    """A reset in the middle of a pulse hides it, but the device gets the whole of it, and only one."""
    drivers = [driver_of(bench, block) for block in bench.blocks]
    await bench.each(lambda block: drivers[bench.blocks.index(block)].erase())
    for _ in range(6):
        for driver in drivers:
            driver.put(tile=0, column=0)
        await bench.each(lambda block: drivers[bench.blocks.index(block)].settle())
        for driver in drivers:
            tile = driver.model.layout.tiles[0]
            up = bench.random.getrandbits(tile.rows)
            driver.model.pulse(tile, 0, up, 0, 0)
            driver.put(up=up, down=0, side=0, pulse=1)
        await bench.cycle()
        for driver in drivers:
            driver.put(pulse=0)
        bench.dut.rst.value = 1
        spent = bench.random.randint(2, 6)
        await bench.cycle(spent)
        for driver in drivers:
            flags = [
                driver.block.get(f"program__{name}")
                for name in ("busy", "pos_rest", "pos_full", "neg_rest", "neg_full")
            ]
            bench.compare(driver.block, "busy and sense in reset", flags, [1, 0, 0, 0, 0])
        bench.dut.rst.value = 0
        # The tiles see pulse and reset a cycle later than the array.
        for cycle in range(spent + 1, max(driver.design.crossbar.pulse_cycles for driver in drivers) + 4):
            await bench.cycle()
            for driver in drivers:
                expected = int(cycle <= driver.design.crossbar.pulse_cycles + 1 or cycle == spent + 1)
                bench.compare(
                    driver.block, f"busy {cycle} cycles after launch", driver.block.get("program__busy"), expected
                )
        for driver in drivers:
            await driver.select(driver.model.layout.tiles[0], 0)


@block_test
async def reset_ties_off(bench: BlockBench) -> None:
    """Reset at any moment of a read: no code, nothing valid, and no charge left for the next read."""
    drivers = [driver_of(bench, block) for block in bench.blocks]
    await bench.each(lambda block: drivers[bench.blocks.index(block)].erase())
    for moment in range(12):
        for driver in drivers:
            integrate, sample = int(moment < 6), int(moment == 6)
            driver.block.put(strobes__integrate=integrate, strobes__sample=sample, wl_pos=1, wl_neg=0, plane=1)
        await bench.cycle()
        for driver in drivers:
            driver.block.put(strobes__integrate=0, strobes__sample=0, strobes__convert=int(moment > 7))
        await bench.cycle()
        for driver in drivers:
            driver.block.put(strobes__convert=0)
        await bench.cycle(moment)
        bench.dut.rst.value = 1
        await bench.cycle(2)
        for driver in drivers:
            bench.compare(driver.block, "valid and codes in reset", driver.outputs(), [0, 0, 0])
        bench.dut.rst.value = 0
        await bench.each(
            lambda block: drivers[bench.blocks.index(block)].read(some_words(bench, drivers[bench.blocks.index(block)]))
        )


@block_test
async def odd_timing(bench: BlockBench) -> None:
    """Integration may overlap a conversion; codes hold until the next one; a plane may come twice, or with pauses."""

    async def drive(block: Block) -> None:
        driver = driver_of(bench, block)
        await driver.erase()
        await driver.program_weights(some_weights(bench, driver))
        columns, rows = driver.model.layout.columns * driver.model.layout.row_tiles, driver.model.layout.rows
        for plane in range(block.design.formats.stream_bits):
            block.put(strobes__integrate=1, plane=plane, wl_pos=1, wl_neg=0)
            await bench.cycle(2)
            block.put(strobes__integrate=0)
            await bench.cycle(bench.random.randint(1, 3))
        await driver.convert()
        expected = driver.model.codes(np.array([2 * block.design.formats.stream_limit] + [0] * (rows - 1)))
        block.put(strobes__integrate=1, wl_pos=0, wl_neg=1)
        for cycle in range(3):
            block.put(columns__fold=cycle % driver.folds)
            await bench.cycle()
            driver.compare_group("held while integrating", expected, cycle % driver.folds)
        block.put(strobes__integrate=0)
        bench.compare(block, "codes held", await driver.codes(), expected)
        await driver.convert()
        word = -3 << (block.design.formats.stream_bits - 1)
        bench.compare(
            block,
            "codes of what was integrated meanwhile",
            await driver.codes(),
            driver.model.codes(np.array([word] + [0] * (rows - 1))),
        )
        assert len(expected) == columns

    await bench.each(drive)


@block_test
async def long_integration(bench: BlockBench) -> None:
    """Planes may come any number of times: sums beyond 32 bits, of either sign, and the last below."""
    driven = 0

    async def drive(block: Block) -> None:
        nonlocal driven
        driver = driver_of(bench, block)
        layout, design = driver.model.layout, block.design
        # Sums of a tile of one row, which count the fraction of a level; coarse devices would take too many cycles.
        unit = driver.model.full << (design.crossbar.fraction_bits + design.formats.stream_bits - 1)
        if unit < 2**22:
            return
        driven += 1
        await driver.erase()
        weights = np.full((layout.rows, layout.columns), driver.model.full)
        weights[:, 1::2] *= -1
        await driver.program_weights(weights)
        plane, everything = design.formats.stream_bits - 1, (1 << layout.rows) - 1
        for cycles in ((2**31 - 1) // unit, 2**32 // unit + 1):
            for positive in (everything, 0):
                block.put(strobes__integrate=1, plane=plane, wl_pos=positive, wl_neg=everything ^ positive)
                await bench.cycle(cycles)
                block.put(strobes__integrate=0)
                await driver.convert()
                words = np.full(layout.rows, (cycles if positive else -cycles) << plane)
                bench.compare(block, f"codes of {cycles} planes", await driver.codes(), driver.model.codes(words))

    await bench.each(drive)
    assert driven


@block_test
async def violate(bench: BlockBench) -> None:
    """Break the contract as told; the simulation must not come back."""
    block = next(block for block in bench.blocks if block.name == bench.config["block"])
    await driver_of(bench, block).settle()
    for values in bench.config["violation"]:
        block.put(**values)
        await bench.cycle()
    await bench.cycle(2)
    bench.compare(block, "simulation ended", False, True)


@block_test
async def images(bench: BlockBench) -> None:
    """The devices start as the images say: sensed and read."""
    driver, weights = driver_of(bench, bench.blocks[0]), np.array(bench.config["weights"])
    driver.model.set_weights(weights)
    for tile in driver.model.layout.tiles:
        for column in range(tile.columns):
            await driver.select(tile, column)
    for _ in range(30):
        await driver.read(some_words(bench, driver))
