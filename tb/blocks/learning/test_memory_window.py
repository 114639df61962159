"""The memory window: words go in and out whole, whatever their width; what does not exist is refused."""

from __future__ import annotations

from typing import Any

from remora.spec.crossbar.memories import GROUP_BITS, HostMemory, MemorySize, WordPart
from remora.tb.lib.bench import Block, BlockBench, block_test
from remora.tb.lib.borders import border_numbers

ALL_BYTES = (1 << GROUP_BITS // 8) - 1
GROUP_MASK = (1 << GROUP_BITS) - 1


def sizes_of(sizes: dict[str, tuple]) -> dict[HostMemory, MemorySize]:
    """Memories from what JSON holds of them: width, depth and perhaps limits."""
    return {
        HostMemory[name]: MemorySize(width, depth, tuple(WordPart(*part) for part in sum(limits, [])))
        for name, (width, depth, *limits) in sizes.items()
    }


class Driver:
    """One window, with what its memories and the window itself should hold."""

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.random = bench, block.part("host"), bench.random
        self.sizes = sizes_of(block.parameters["sizes"])
        self.width = max(size.width for size in self.sizes.values())
        self.words: dict[tuple[HostMemory, int], int] = {}
        self.window: Any = None

    async def strobe(self, **ports: int) -> None:
        """Ports for one cycle, then 0."""
        self.block.put(**ports)
        await self.bench.cycle()
        self.block.put(**dict.fromkeys(ports, 0))

    async def select(self, memory: int, address: int) -> bool:
        """Select a word; whether it exists, compared."""
        self.block.put(select=memory, address=address)
        await self.bench.cycle()
        exists = memory in self.sizes and address < self.sizes[HostMemory(memory)].depth
        self.bench.compare(self.block, f"word {address} of {memory} exists", self.block.get("selection_valid"), exists)
        return exists

    async def fill(self, value: int) -> None:
        """Write all groups, and one that the window does not have."""
        groups = -(-self.width // GROUP_BITS)
        for group in self.random.sample(range(groups + 1), groups + 1):
            word = value >> GROUP_BITS * group & GROUP_MASK
            await self.strobe(pointer=group, data_value=word, data_strobes=ALL_BYTES, data_write=1)
        self.window = value & (1 << self.width) - 1

    async def require(self) -> None:
        """All groups show what the window should hold; what it does not have reads 0."""
        for group in [*range(-(-self.width // GROUP_BITS) + 1), 0xFFFF]:
            self.block.put(pointer=group)
            await self.bench.cycle()
            found, expected = self.block.get("data_read_value"), self.window >> GROUP_BITS * group & GROUP_MASK
            self.bench.compare(self.block, f"group {group}", found, expected)

    async def store(self, memory: HostMemory, address: int, both: bool = False) -> None:
        """The window into a word; with ``both`` a load is asked for, too."""
        await self.strobe(store=1, load=int(both))
        self.words[memory, address] = self.window & (1 << self.sizes[memory].width) - 1

    async def load(self, memory: HostMemory, address: int) -> None:
        """A word into the window, which a read may follow two cycles later."""
        await self.strobe(load=1)
        await self.bench.cycle()
        self.bench.compare(self.block, "busy after a load", self.block.get("busy"), 1)
        self.window = self.words[memory, address]
        await self.require()
        self.bench.compare(self.block, "busy at last", self.block.get("busy"), 0)

    def any_word(self, memory: HostMemory) -> int:
        """A value of the window that the memory may hold."""
        value = self.random.getrandbits(self.width)
        for part in self.sizes[memory].limits:
            number = self.random.randint(part.minimum, part.maximum)
            value = value & ~((1 << part.width) - 1 << part.lsb) | number << part.lsb
        return value

    def anywhere(self) -> tuple[HostMemory, int]:
        """A word that exists."""
        memory = self.random.choice(list(self.sizes))
        return memory, self.random.randrange(self.sizes[memory].depth)


@block_test
async def every_word_holds_its_own(bench: BlockBench) -> None:
    """All words of all memories written, then read in another order over rubbish in the window."""

    async def drive(block: Block) -> None:
        driver = Driver(bench, block)
        addresses = [(memory, address) for memory, size in driver.sizes.items() for address in range(size.depth)]
        for memory, address in addresses:
            assert await driver.select(memory, address)
            await driver.fill(driver.any_word(memory))
            await driver.store(memory, address, both=driver.random.random() < 0.3)
            await driver.require()
        for memory, address in driver.random.sample(addresses, len(addresses)):
            await driver.fill(driver.random.getrandbits(driver.width))
            await driver.select(memory, address)
            await driver.load(memory, address)

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
        memory, address = driver.anywhere()
        await driver.select(memory, address)
        await driver.fill(driver.any_word(memory))
        await driver.store(memory, address)
        kept = driver.window
        for other in range(4):
            size = driver.sizes[HostMemory(other)].depth if other in driver.sizes else 0
            for beyond in (size, size + 1, 1 << 31, (1 << 32) - 1, (1 << 16) + address):
                assert not await driver.select(other, beyond)
                for command in ("load", "store"):
                    await driver.strobe(**{command: 1})
                    await bench.cycle()
                    bench.compare(block, f"busy after a refused {command}", driver.block.get("busy"), 0)
                await driver.require()
        await driver.fill(~kept & (1 << driver.width) - 1)
        await driver.select(memory, address)
        await driver.load(memory, address)

    await bench.each(drive)


@block_test
async def words_that_a_memory_may_not_hold(bench: BlockBench) -> None:
    """At the borders of every part: word_valid says so, and a store leaves the memory as it was."""

    async def drive(block: Block) -> None:
        driver = Driver(bench, block)
        for memory, size in driver.sizes.items():
            address = driver.random.randrange(size.depth)
            await driver.select(memory, address)
            await driver.fill(driver.any_word(memory))
            await driver.store(memory, address)
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
                    await driver.store(memory, address)
                else:
                    await driver.strobe(store=1)
                await driver.load(memory, address)

    await bench.each(drive)
