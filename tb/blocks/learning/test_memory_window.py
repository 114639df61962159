"""The memory window: slices of words go in and out, whatever their width; what does not exist is refused."""

from __future__ import annotations

from typing import Any

from remora.spec.crossbar.memories import (
    GROUP_BITS,
    SLICE_BITS,
    SLICE_GROUPS,
    HostMemory,
    MemorySize,
    StoredRows,
    WordPart,
)
from remora.tb.lib.bench import Block, BlockBench, block_test
from remora.tb.lib.borders import border_numbers

ALL_BYTES = (1 << GROUP_BITS // 8) - 1
GROUP_MASK = (1 << GROUP_BITS) - 1


def sizes_of(sizes: dict[str, dict]) -> dict[HostMemory, MemorySize]:
    """Memories from what JSON holds of them: width, depth and perhaps limits or rows."""
    return {
        HostMemory[name]: MemorySize(
            size["width"],
            size["depth"],
            tuple(WordPart(*part) for part in size.get("limits", ())),
            StoredRows(*size["rows"]) if "rows" in size else None,
        )
        for name, size in sizes.items()
    }


class Driver:
    """One window, with what its memories and the window itself should hold."""

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.random = bench, block.part("host"), bench.random
        self.whole = block
        self.sizes = sizes_of(block.parameters["sizes"])
        self.width = max(min(size.width, SLICE_BITS) for size in self.sizes.values())
        self.slices: dict[tuple[HostMemory, int, int], int] = {}
        self.window: Any = None

    async def strobe(self, **ports: int) -> None:
        """Ports for one cycle, then 0."""
        self.block.put(**ports)
        await self.bench.cycle()
        self.block.put(**dict.fromkeys(ports, 0))

    async def select(self, memory: int, address: int, part: int) -> bool:
        """Select a slice; whether it exists, compared."""
        self.block.put(select=memory, address=address, slice=part)
        await self.bench.cycle()
        size = self.sizes.get(memory)  # type: ignore[call-overload]
        exists = size is not None and address < size.depth and part < size.slices
        what = f"slice {part} of word {address} of {memory} exists"
        self.bench.compare(self.block, what, self.block.get("selection_valid"), exists)
        return exists

    async def fill(self, value: int) -> None:
        """Write all groups of a slice, those too that the window does not have; the pointer counts modulo them."""
        for group in self.random.sample(range(SLICE_GROUPS), SLICE_GROUPS):
            word = value >> GROUP_BITS * group & GROUP_MASK
            pointer = group + SLICE_GROUPS * self.random.randrange(3)
            await self.strobe(pointer=pointer, data_value=word, data_strobes=ALL_BYTES, data_write=1)
        self.window = value & (1 << self.width) - 1

    async def require(self) -> None:
        """All groups show what the window should hold; what it does not have reads 0."""
        for group in range(SLICE_GROUPS):
            self.block.put(pointer=group + SLICE_GROUPS * self.random.randrange(3))
            await self.bench.cycle()
            found, expected = self.block.get("data_read_value"), self.window >> GROUP_BITS * group & GROUP_MASK
            self.bench.compare(self.block, f"group {group}", found, expected)

    async def ended(self, size: MemorySize, reads: bool = True) -> None:
        """A command ends within the cycles that the walk to a slice of rows may take; whether it reads, compared."""
        most = 8 + 4 * SLICE_GROUPS + size.groups
        read = False
        for cycle in range(most):
            read |= bool(self.whole.get("reads"))
            await self.bench.cycle()
            if not self.block.get("busy"):
                assert cycle, "not busy in the cycle after a command"
                self.bench.compare(self.block, "the memory is read", read, reads)
                return
        raise AssertionError(f"{self.block.name}: busy after {most} cycles")

    async def store(self, memory: HostMemory, address: int, part: int, both: bool = False) -> None:
        """The window into a slice; with ``both`` a load is asked for, too."""
        size = self.sizes[memory]
        await self.strobe(store=1, load=int(both))
        # A slice that is the whole word goes over what was there.
        await self.ended(size, reads=bool(size.rows) or size.slices > 1)
        self.slices[memory, address, part] = self.kept(memory, part)

    def kept(self, memory: HostMemory, part: int) -> int:
        """What a slice holds after a store of the window: of a row its low bits, which sign extension shows."""
        size = self.sizes[memory]
        value = self.window & (1 << min(SLICE_BITS, size.width - SLICE_BITS * part)) - 1
        if size.rows is None:
            return value
        sign, found = 1 << size.rows.bits - 1, 0
        for start in range(0, min(SLICE_BITS, size.width - SLICE_BITS * part), GROUP_BITS):
            number = (value >> start & 2 * sign - 1 ^ sign) - sign
            found |= (number & GROUP_MASK) << start
        return found

    async def load(self, memory: HostMemory, address: int, part: int) -> None:
        """A slice into the window."""
        await self.strobe(load=1)
        await self.ended(self.sizes[memory])
        self.window = self.slices[memory, address, part]
        await self.require()
        self.bench.compare(self.block, "busy at last", self.block.get("busy"), 0)

    def any_word(self, memory: HostMemory) -> int:
        """A value of the window that the memory may hold."""
        value = self.random.getrandbits(self.width)
        for part in self.sizes[memory].limits:
            number = self.random.randint(part.minimum, part.maximum)
            value = value & ~((1 << part.width) - 1 << part.lsb) | number << part.lsb
        return value

    def anywhere(self) -> tuple[HostMemory, int, int]:
        """A slice that exists."""
        memory = self.random.choice(list(self.sizes))
        size = self.sizes[memory]
        return memory, self.random.randrange(size.depth), self.random.randrange(size.slices)

    def everywhere(self) -> list[tuple[HostMemory, int, int]]:
        """All slices."""
        sizes = self.sizes.items()
        return [
            (memory, word, part) for memory, size in sizes for word in range(size.depth) for part in range(size.slices)
        ]


@block_test
async def every_word_holds_its_own(bench: BlockBench) -> None:
    """All slices of all words written, then some again, then read in another order over rubbish in the window."""

    async def drive(block: Block) -> None:
        driver = Driver(bench, block)
        positions = driver.everywhere()
        again = driver.random.choices(positions, k=1 + len(positions) // 3)
        for memory, address, part in [*positions, *again]:
            assert await driver.select(memory, address, part)
            await driver.fill(driver.any_word(memory))
            await driver.store(memory, address, part, both=driver.random.random() < 0.3)
            await driver.require()
        for memory, address, part in driver.random.sample(positions, len(positions)):
            await driver.fill(driver.random.getrandbits(driver.width))
            await driver.select(memory, address, part)
            await driver.load(memory, address, part)

    await bench.each(drive)


@block_test
async def bytes_without_strobe_stay(bench: BlockBench) -> None:
    """Single bytes of groups at random against a number."""

    async def drive(block: Block) -> None:
        driver = Driver(bench, block)
        await driver.fill(driver.random.getrandbits(driver.width))
        for _ in range(30):
            group = driver.random.randrange(-(-driver.width // GROUP_BITS))
            value, strobes = driver.random.getrandbits(GROUP_BITS), driver.random.randrange(ALL_BYTES + 1)
            await driver.strobe(pointer=group, data_value=value, data_strobes=strobes, data_write=1)
            mask = sum(0xFF << 8 * byte for byte in range(4) if strobes >> byte & 1) << GROUP_BITS * group
            driver.window = (driver.window & ~mask | value << GROUP_BITS * group & mask) & (1 << driver.width) - 1
            await driver.require()

    await bench.each(drive)


@block_test
async def what_does_not_exist_is_left_alone(bench: BlockBench) -> None:
    """Commands on words beyond the end, and on memories that are not there, change neither window nor memories."""

    async def drive(block: Block) -> None:
        driver = Driver(bench, block)
        position = memory, address, part = driver.anywhere()
        await driver.select(*position)
        await driver.fill(driver.any_word(memory))
        await driver.store(*position)
        kept = driver.window
        for other in range(4):
            size = driver.sizes[HostMemory(other)] if other in driver.sizes else MemorySize(0, 0)
            words = [
                (beyond, 0) for beyond in (size.depth, size.depth + 1, 1 << 31, (1 << 32) - 1, (1 << 16) + address)
            ]
            parts = [(0, beyond) for beyond in (size.slices, size.slices + 1, (1 << 16) - 1)]
            for beyond in words + parts:
                assert not await driver.select(other, *beyond)
                for command in ("load", "store"):
                    await driver.strobe(**{command: 1})
                    await bench.cycle()
                    bench.compare(block, f"busy after a refused {command}", driver.block.get("busy"), 0)
                await driver.require()
        await driver.fill(~kept & (1 << driver.width) - 1)
        await driver.select(*position)
        await driver.load(*position)

    await bench.each(drive)


@block_test
async def words_that_a_memory_may_not_hold(bench: BlockBench) -> None:
    """At the borders of every part: word_valid says so, and a store leaves the memory as it was."""

    async def drive(block: Block) -> None:
        driver = Driver(bench, block)
        for memory, size in driver.sizes.items():
            position = memory, driver.random.randrange(size.depth), 0
            await driver.select(*position)
            await driver.fill(driver.any_word(memory))
            await driver.store(*position)
            words = [driver.any_word(memory)]
            for part in size.limits:
                hole = (1 << part.width) - 1 << part.lsb
                words += [driver.any_word(memory) & ~hole | number << part.lsb for number in border_numbers(part)]
            for word in words:
                await driver.fill(word)
                await bench.cycle()
                legal = all(part.holds(word) for part in size.limits)
                if any(each.limits for each in driver.sizes.values()):
                    bench.compare(block, f"{word:#x} is valid", driver.block.get("word_valid"), int(legal))
                if legal:
                    await driver.store(*position)
                else:
                    await driver.strobe(store=1)
                    await bench.cycle()
                await driver.load(*position)

    await bench.each(drive)
