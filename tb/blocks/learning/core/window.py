"""The memories of learning in a core, as the host reads and writes them through the memory window."""

from __future__ import annotations

from remora.spec.crossbar.learning import DEVICES_OF_PAIR, accumulator_words, fault_words, head_label_bits
from remora.spec.crossbar.memories import GROUP_BITS, SLICE_BITS, SLICE_GROUPS, HostMemory, host_memories
from remora.tb.blocks.learning.core.lessons import Lessons

GROUP_MASK = (1 << GROUP_BITS) - 1
MOST_CYCLES = 100
"""Of a command."""


class HostedCore(Lessons):
    """A core whose memories the host uses while it is halted."""

    async def command(self, memory: HostMemory, address: int, part: int, name: str) -> None:
        """Load or store a slice."""
        selection = {"memory__select": memory, "memory__address": address, "memory__slice": part}
        self.held |= selection
        blind, self.blind = self.blind, True
        await self.cycle()
        self.bench.compare_ports(self.block, "before a command", {"memory__selection_valid": 1, "memory__busy": 0})
        await self.cycle(**{f"memory__{name}": 1})
        for cycle in range(MOST_CYCLES):
            await self.cycle()
            if not self.block.get("memory__busy"):
                self.bench.compare(self.block, "busy in the cycle after a command", cycle > 0, True)
                break
        else:
            raise AssertionError(f"{self.block.name}: busy after {MOST_CYCLES} cycles")
        self.blind = blind

    async def fill(self, value: int) -> None:
        """Write a slice into the window, some groups of it in two halves."""
        for group in self.random.sample(range(SLICE_GROUPS), SLICE_GROUPS):
            data = {"memory__pointer": group, "memory__data_value": value >> GROUP_BITS * group & GROUP_MASK}
            for strobes in self.random.choice(((15,), (5, 10), (12, 3))):
                await self.cycle(memory__data_write=1, memory__data_strobes=strobes, **data)

    async def write(self, memory: HostMemory, address: int, word: int) -> None:
        """A whole word."""
        for part in range(host_memories(self.design)[memory].slices):
            await self.fill(word >> SLICE_BITS * part)
            await self.command(memory, address, part, "store")

    async def require(self, memory: HostMemory, address: int, word: int) -> None:
        """A whole word, compared."""
        size, found = host_memories(self.design)[memory], 0
        for part in range(size.slices):
            await self.command(memory, address, part, "load")
            for group in range(SLICE_GROUPS):
                await self.cycle(memory__pointer=group)
                found |= self.block.get("memory__data_read_value") << SLICE_BITS * part + GROUP_BITS * group
        self.bench.compare(self.block, f"word {address} of {memory.name}", found, word)

    def column(self, column: int) -> int:
        """χ of a column as the host sees them. Rule M9."""
        rows = range(self.design.hidden_rows)
        return sum((self.chi[column, row] & GROUP_MASK) << GROUP_BITS * row for row in rows)

    def head(self, slot: int) -> int:
        """Rule M8."""
        label, words = self.reservoir.held[slot]
        return label | len(words) << head_label_bits(self.design)

    def words(self) -> list[tuple[HostMemory, int, int]]:
        """All that mean something: memory, address and word."""
        found = [(HostMemory.ACCUMULATORS, column, self.column(column)) for column in self.marks]
        found += [(HostMemory.FAULT_MAP, column, word) for column, word in self.marks.items()]
        most = self.design.network.max_steps
        for slot, (_, words) in self.reservoir.held.items():
            found.append((HostMemory.RESERVOIR_HEADS, slot, self.head(slot)))
            found += [(HostMemory.RESERVOIR_STEPS, slot * most + step, word) for step, word in enumerate(words)]
        return found

    async def require_all(self) -> None:
        """Every word that means something, in any order."""
        words = self.words()
        for memory, address, word in self.random.sample(words, len(words)):
            await self.require(memory, address, word)

    def some_memories(self) -> None:
        """What the host restores: any χ, a few marks, and a reservoir that is full."""
        design, random, model = self.design, self.random, self.reservoir
        network, limit = design.network, (1 << design.learning.accumulator_bits - 1) - 1
        for column, row in self.chi:
            if column >= network.hidden and row < network.features:
                continue
            self.chi[column, row] = random.choice((0, limit, -limit, random.randint(-limit, limit)))
        for column in self.marks:
            rows = range(network.features if column >= network.hidden else 0, design.hidden_rows)
            bits = range(DEVICES_OF_PAIR * rows.start, DEVICES_OF_PAIR * rows.stop)
            self.marks[column] = sum((random.random() < 0.2) << bit for bit in bits)
        for slot in range(model.capacity):
            count = random.randint(1, network.max_steps)
            words = [random.getrandbits(4 * network.features) for _ in range(count)]
            model.held[slot] = random.randrange(network.classes), words

    async def restore(self) -> None:
        """The counts of the reservoir, and any content of all memories, in any order."""
        presented = self.random.getrandbits(self.random.randint(1, 32))
        capacity, self.blind = self.reservoir.capacity, True
        await self.cycle(replay__load=1, replay__presented_value=presented, replay__filled_value=capacity)
        self.some_memories()
        words = self.words()
        for memory, address, word in self.random.sample(words, len(words)):
            await self.write(memory, address, word)
        self.blind = False
        await self.cycle(host__load_updates=1)

    async def cleared(self) -> None:
        """Until learning has cleared its memories after a reset."""
        for cycle in range(2 * len(self.chi)):
            await self.cycle()
            if not self.block.get("clearing"):
                sweep = max(accumulator_words(self.design), fault_words(self.design))
                self.bench.compare(self.block, "cycles of clearing after a reset", cycle, sweep)
                self.blind = False
                return
        raise AssertionError(f"{self.block.name}: memories are never cleared")
