"""The bistable cells: thresholds in and out, hysteresis swept at the resolution of the sum, holding, reset."""

from __future__ import annotations

from remora.spec.crossbar.layout import Layer, current_bits, layer_layout
from remora.tb.lib.bench import Block, BlockBench, block_test, pack, unpack
from remora.tb.models.bistable import merge_bytes, settle


class Driver:
    """One block and what its cells should be."""

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.host, self.design = bench, block, block.part("host"), block.design
        self.layout = layer_layout(block.design, Layer.HIDDEN)
        self.units, self.fraction = self.layout.columns, block.design.crossbar.fraction_bits
        self.bits = current_bits(block.design)
        self.largest = (1 << (self.bits - 1)) - 1
        self.thresholds = {"low": [0] * self.units, "high": [0] * self.units}
        self.states = [0] * self.units

    async def write(self, unit: int, name: str, value: int, strobes: int = 15) -> None:
        """Write a threshold."""
        host = self.host
        host.put(unit=unit, value=value & 0xFFFFFFFF, strobes=strobes, **{f"{name}_write": 1})
        await self.bench.cycle()
        if unit < self.units:
            limit, held = self.design.threshold_limit, self.thresholds[name]
            held[unit] = merge_bytes(held[unit], value, strobes, limit)
        host.put(**{f"{name}_write": 0})

    async def compare_shown(self, unit: int) -> None:
        """Compare the thresholds of a unit; units that do not exist show 0."""
        self.host.put(unit=unit)
        await self.bench.cycle()
        found = [self.host.get(f"{name}_value") for name in ("low", "high")]
        expected = [self.thresholds[n][unit] & 0xFFFFFFFF if unit < self.units else 0 for n in ("low", "high")]
        self.bench.compare(self.block, f"thresholds of unit {unit}", found, expected)
        self.bench.compare(self.block, "unit is valid", self.host.get("unit_valid"), int(unit < self.units))

    async def load(self, low: list[int], high: list[int]) -> None:
        """Load all cells, which still hold what an earlier test left, and compare."""
        for unit in range(self.units):
            await self.write(unit, "low", low[unit])
            await self.write(unit, "high", high[unit])
        for unit in range(self.units):
            await self.compare_shown(unit)

    def split(self, currents: list[int]) -> list[list[int]]:
        """Random shares of the row tiles that add up to these currents."""
        left, shares = list(currents), []
        for others in reversed(range(self.layout.row_tiles)):
            lowest = [max(-self.largest, each - others * self.largest) for each in left]
            highest = [min(self.largest, each + others * self.largest) for each in left]
            shares.append([self.bench.random.randint(*ends) for ends in zip(lowest, highest, strict=True)])
            left = [each - share for each, share in zip(left, shares[-1], strict=True)]
        return shares

    async def settle(self, currents: list[int]) -> None:
        """Let the cells settle once under these sums, as far as tiles can make them, and compare their states."""
        limit = self.layout.row_tiles * self.largest
        currents = [max(-limit, min(limit, current)) for current in currents]
        words = [word for tile in self.split(currents) for word in tile]
        self.block.put(current=pack(words, self.bits), control__settle=1)
        await self.bench.cycle()
        self.block.put(control__settle=0)
        self.states = [
            settle(held, current, low, high, self.fraction)
            for held, current, low, high in zip(
                self.states, currents, self.thresholds["low"], self.thresholds["high"], strict=True
            )
        ]
        await self.compare_states()

    async def compare_states(self) -> None:
        """Compare all states; the cells see a strobe a cycle after the port."""
        await self.bench.cycle(2)
        found = unpack(self.block.get("state"), 1, self.units)
        self.bench.compare(self.block, f"states with thresholds {self.thresholds}", found, self.states)
        words = unpack(self.block.get("words"), self.design.formats.stream_bits + 1, self.units)
        self.bench.compare(self.block, "words, one bit each", words, self.states)

    async def clear(self) -> None:
        """Clear all cells."""
        self.block.put(control__clear=1)
        await self.bench.cycle()
        self.block.put(control__clear=0)
        self.states = [0] * self.units
        await self.compare_states()


def some_thresholds(driver: Driver) -> tuple[list[int], list[int]]:
    """Low and high of every cell: ordinary, equal, zero, below zero, beyond every sum, the wrong way round."""
    random, limit = driver.bench.random, driver.design.threshold_limit
    pairs = []
    for _ in range(driver.units):
        low, high = sorted(random.randint(0, limit - 1) for _ in range(2))
        pairs.append(
            random.choice(
                ((low, high), (low, low), (0, 0), (0, high), (-low, high), (low, limit), (-high, -low), (high, low))
            )
        )
    return [low for low, _ in pairs], [high for _, high in pairs]


@block_test
async def thresholds(bench: BlockBench) -> None:
    """Every threshold is written and read back, in bytes and whole, within its range; neighbours do not move."""

    async def drive(block: Block) -> None:
        driver, random = Driver(bench, block), bench.random
        limit = driver.design.threshold_limit
        await driver.load(*([0] * driver.units for _ in range(2)))
        for _ in range(150):
            value = random.choice(
                (
                    random.randint(-limit, limit),
                    random.randint(-limit, limit),
                    limit + 1,
                    -limit - 1,
                    0x7FFFFFFF,
                    -(1 << 31),
                )
            )
            unit, name = random.randrange(driver.units), random.choice(("low", "high"))
            await driver.write(unit, name, value, random.choice((15, 0, 1, 8, 14, random.randrange(16))))
            for neighbour in (unit, *random.sample(range(driver.units), min(2, driver.units))):
                await driver.compare_shown(neighbour)
        beyond = (driver.units, driver.units + 1, *(1 << bit for bit in range(16)), 65535)
        for unit in (*range(driver.units), *beyond):
            await driver.compare_shown(unit)
        await driver.write(driver.units, "low", 1)

    await bench.each(drive)


@block_test
async def sweep(bench: BlockBench) -> None:
    """Up and down across both thresholds, one least step of the current at a time around each of them."""

    async def drive(block: Block) -> None:
        driver = Driver(bench, block)
        await driver.clear()
        for _ in range(6):
            await driver.load(*some_thresholds(driver))
            near = [
                sorted(
                    {edge * (1 << driver.fraction) + step for edge in pair for step in (-2, -1, 0, 1, 2)} | {0, -1, 1}
                )
                for pair in zip(*driver.thresholds.values(), strict=True)
            ]
            longest = max(len(points) for points in near)
            for index in (*range(longest), *reversed(range(longest))):
                await driver.settle([points[min(index, len(points) - 1)] for points in near])

    await bench.each(drive)


@block_test
async def holds(bench: BlockBench) -> None:
    """Random sums; a state survives time, sums without ``settle`` and new thresholds, but neither clear nor reset."""

    async def drive(block: Block) -> None:
        driver, random = Driver(bench, block), bench.random
        for _ in range(12):
            await driver.clear()
            await driver.load(*some_thresholds(driver))
            await driver.compare_states()
            for _ in range(6):
                limit = driver.design.sum_limit << driver.fraction
                await driver.settle([random.randint(-limit // 4, limit) for _ in range(driver.units)])
                block.put(current=random.getrandbits(len(block.handle("current"))))
                await bench.cycle(random.randint(0, 3) + 1)
                await driver.compare_states()

    await bench.each(drive)


@block_test
async def reset(bench: BlockBench) -> None:
    """A reset clears the states, ties the outputs off, and leaves the thresholds as they are."""
    drivers = [Driver(bench, block) for block in bench.blocks]

    async def set_all(block: Block) -> None:
        driver = drivers[bench.blocks.index(block)]
        await driver.load([1] * driver.units, [2] * driver.units)
        await driver.settle([2 << driver.fraction] * driver.units)

    await bench.each(set_all)
    for driver in drivers:
        bench.compare(driver.block, "states before the reset", driver.states, [1] * driver.units)
        driver.host.put(unit=0)
    bench.dut.rst.value = 1
    await bench.cycle(2)
    for driver in drivers:
        found = [driver.block.get("state"), *(driver.host.get(name) for name in ("low_value", "high_value"))]
        bench.compare(driver.block, "outputs in reset", found, [0, 0, 0])
        driver.states = [0] * driver.units
    bench.dut.rst.value = 0

    async def after(block: Block) -> None:
        driver = drivers[bench.blocks.index(block)]
        await driver.compare_states()
        for unit in range(driver.units):
            await driver.compare_shown(unit)

    await bench.each(after)


@block_test
async def violate(bench: BlockBench) -> None:
    """Break the contract as told; the simulation must not come back."""
    block = next(block for block in bench.blocks if block.name == bench.config["block"])
    block.put(**bench.config["violation"])
    await bench.cycle(3)
    bench.compare(block, "simulation ended", False, True)


@block_test
async def images(bench: BlockBench) -> None:
    """The thresholds start as the images say."""
    driver = Driver(bench, bench.blocks[0])
    driver.thresholds = dict(zip(("low", "high"), bench.config["thresholds"], strict=True))
    for unit in range(driver.units):
        await driver.compare_shown(unit)
