"""The reservoir: draws, insertions, freeze, clear, the host's ports, against a model in plain Python."""

from __future__ import annotations

from typing import Any

from remora.spec.crossbar.learning import head_label_bits
from remora.spec.crossbar.memories import head_parts
from remora.spec.lib.rng import Purpose, uniform_index
from remora.tb.blocks.learning.test_replay_quantiser import some_features, stored_word
from remora.tb.lib.bench import Block, BlockBench, block_test
from remora.tb.lib.borders import border_numbers

TIMEOUT_CYCLES = 6000
SEQUENCE_LIMIT = 2**32 - 1


class Model:
    """What a reservoir holds: n, and by slot the label and the words of the steps."""

    def __init__(self, block: Block) -> None:
        self.block, self.capacity = block, block.design.learning.replay_capacity
        self.seed, self.n = block.design.learning.seed, 0
        self.held: dict[int, Any] = {}

    def begin(self) -> None:
        """A new sequence."""
        self.n = min(self.n + 1, SEQUENCE_LIMIT)

    def drawn(self, replay_index: int) -> int:
        """Slot of a replay."""
        return uniform_index(self.seed, Purpose.REPLAY_INDEX, len(self.held), self.n, replay_index)

    def healed(self, updates: int) -> int:
        """Slot of a healing replay after so many updates."""
        return uniform_index(self.seed, Purpose.HEALING_INDEX, len(self.held), updates)

    def insert(self, steps: list[bytes], label: int, freeze: bool) -> int | None:
        """The slot that the sequence takes."""
        slot = len(self.held)
        if slot == self.capacity:
            slot = uniform_index(self.seed, Purpose.RESERVOIR_INDEX, self.n, self.n)
        if freeze or slot >= self.capacity:
            return None
        words = [stored_word(self.block, self.seed, self.n, step, features) for step, features in enumerate(steps)]
        self.held[slot] = (label, words)
        return slot


class Driver:
    """Commands to one reservoir, each compared with the model."""

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.model, self.random = bench, block, Model(block), bench.random
        block.put(seed=block.design.learning.seed)

    async def strobe(self, **ports: int) -> None:
        """Ports for one cycle, then 0."""
        self.block.put(**ports)
        await self.bench.cycle()
        self.block.put(**dict.fromkeys(ports, 0))

    def compare_counts(self) -> None:
        """n and filled."""
        found = self.block.get("presented"), self.block.get("filled")
        self.bench.compare(self.block, "n, filled", found, (self.model.n, len(self.model.held)))

    async def new(self, freeze: bool = False, replays: int = 2) -> int | None:
        """A new sequence: counted, some replays, inserted."""
        network = self.block.design.network
        await self.strobe(next_sequence=1)
        self.model.begin()
        await self.bench.cycle()
        if self.model.held:
            for replay_index in range(replays):
                await self.replay(replay_index if replay_index < 2 else self.random.randrange(256))
        steps = [some_features(self.bench, network.features) for _ in range(self.random.randint(1, network.max_steps))]
        return await self.insert(steps, self.random.randrange(network.classes), freeze)

    async def replay(self, replay_index: int) -> None:
        """A draw, and all steps of what was drawn."""
        self.block.put(replay_index=replay_index)
        await self._draw(self.model.drawn(replay_index), replay_index)

    async def heal(self, updates: int) -> None:
        """The same of a healing replay after so many updates."""
        self.block.put(replay_index=0, healing=1, updates=updates)
        await self._draw(self.model.healed(updates), 0)
        self.block.put(healing=0)

    async def _draw(self, slot: int, replay_index: int) -> None:
        block = self.block
        await self.strobe(draw=1)
        await self._until("drawn")
        label, words = self.model.held[slot]
        found = tuple(block.get(port) for port in ("slot", "label", "length"))
        self.bench.compare(block, f"slot, label, length of replay {replay_index}", found, (slot, label, len(words)))
        for step, word in enumerate(words):
            await self.strobe(read=1, step=step)
            await self.bench.cycle()
            self.bench.compare(block, f"features of step {step}", block.get("features"), self._restored(word))

    def _restored(self, word: int) -> int:
        network, features = self.block.design.network, []
        for index in range(network.features):
            value = 17 * (word >> 4 * index & 15)
            features.append((value - 128) % 256 if network.feature_signed else value)
        return int.from_bytes(bytes(features), "little")

    async def insert(self, steps: list[bytes], label: int, freeze: bool) -> int | None:
        """Insert, play the sequence buffer, and compare what became of it."""
        block, wanted = self.block, self.model.insert(steps, label, freeze)
        block.put(freeze=int(freeze), insert_length=len(steps), insert_label=label)
        await self.strobe(insert=1)
        for _ in range(TIMEOUT_CYCLES):
            await self.bench.cycle()
            if block.get("inserted"):
                break
            if block.get("insert_read"):
                block.put(insert_features=int.from_bytes(steps[block.get("insert_step")], "little"))
        accepted = block.get("accepted")
        self.bench.compare(block, "inserted, accepted", (block.get("inserted"), accepted), (1, int(wanted is not None)))
        if accepted:
            self.bench.compare(block, "slot", block.get("slot"), wanted)
        block.put(freeze=0)
        await self.bench.cycle()
        self.bench.compare(block, "inserted", block.get("inserted"), 0)
        self.compare_counts()
        return wanted

    async def _until(self, port: str) -> None:
        for _ in range(TIMEOUT_CYCLES):
            await self.bench.cycle()
            if self.block.get(port):
                return
        raise AssertionError(f"{self.block.name}: no {port} within {TIMEOUT_CYCLES} cycles")

    async def host_word(self, memory: str, address: int, write: int | None = None) -> int:
        """Write a word through the host's port, or read it."""
        ports = {"address": address, "read": int(write is None), "write": int(write is not None)}
        ports["write_data"] = write or 0
        await self.strobe(**{f"host_{memory}__{port}": value for port, value in ports.items()})
        await self.bench.cycle()
        return self.block.get(f"host_{memory}__read_data")

    async def compare_content(self) -> None:
        """Every word that means something, through the host's ports."""
        design = self.block.design
        for slot, (label, words) in self.model.held.items():
            head = label | len(words) << head_label_bits(design)
            self.bench.compare(self.block, f"head {slot}", await self.host_word("heads", slot), head)
            for step, word in enumerate(words):
                found = await self.host_word("steps", slot * design.network.max_steps + step)
                self.bench.compare(self.block, f"step {step} of slot {slot}", found, word)


@block_test
async def fills_and_replaces(bench: BlockBench) -> None:
    """Many times its capacity of sequences: first all are accepted, then some take the place of others."""

    async def drive(block: Block) -> None:
        driver = Driver(bench, block)
        capacity = block.design.learning.replay_capacity
        accepted = [await driver.new(replays=3) for _ in range(4 * capacity + 4)]
        assert accepted[:capacity] == list(range(capacity)) and None in accepted
        await driver.compare_content()

    await bench.each(drive)


@block_test
async def heals(bench: BlockBench) -> None:
    """Draws of healing replays go by the number of updates, those of others by n, among each other."""

    async def drive(block: Block) -> None:
        driver, slots = Driver(bench, block), set()
        for number in range(6 * block.design.learning.replay_capacity):
            await driver.new(replays=1)
            for _ in range(3):
                updates = bench.random.choice((0, number, bench.random.getrandbits(32), SEQUENCE_LIMIT))
                slots.add(driver.model.healed(updates))
                await driver.heal(updates)
            driver.compare_counts()
        assert len(slots) == block.design.learning.replay_capacity

    healing = [block for block in bench.blocks if block.design.capabilities.heals]
    await bench.each(drive, healing)


@block_test
async def freezes_and_clears(bench: BlockBench) -> None:
    """Frozen before it is full and after; cleared; n and draws go on as they should."""

    async def drive(block: Block) -> None:
        driver = Driver(bench, block)
        capacity = block.design.learning.replay_capacity
        for freeze in (True, False, True, *[False] * (capacity + 2), True, True, False):
            assert not (await driver.new(freeze) is not None and freeze)
        await driver.strobe(clear=1)
        driver.model.n, driver.model.held = 0, {}
        await bench.cycle()
        driver.compare_counts()
        for _ in range(capacity + 1):
            await driver.new()
        await driver.compare_content()

    await bench.each(drive)


@block_test
async def restored_by_the_host(bench: BlockBench) -> None:
    """A content that the host writes is replayed like any other; n counts to its end and stays there."""

    async def drive(block: Block) -> None:
        driver, design = Driver(bench, block), block.design
        network, model = design.network, driver.model
        for slot in range(model.capacity):
            label, length = bench.random.randrange(network.classes), bench.random.randint(1, network.max_steps)
            words = [bench.random.getrandbits(4 * network.features) for _ in range(length)]
            await driver.host_word("heads", slot, label | length << head_label_bits(design))
            for step, word in enumerate(words):
                await driver.host_word("steps", slot * network.max_steps + step, word)
            model.held[slot] = (label, words)
        model.n = SEQUENCE_LIMIT - 2
        await driver.strobe(load=1, presented_value=model.n, filled_value=model.capacity)
        await bench.cycle()
        driver.compare_counts()
        await driver.compare_content()
        for _ in range(4):
            await driver.new(replays=4)
        bench.compare(block, "n at its end", block.get("presented"), SEQUENCE_LIMIT)

    await bench.each(drive)


@block_test
async def counts_that_the_host_loads(bench: BlockBench) -> None:
    """Any filled, and any n, which then counts on, however near to its end it looks."""

    async def drive(block: Block) -> None:
        driver = Driver(bench, block)
        capacity = block.design.learning.replay_capacity
        for bit in range(SEQUENCE_LIMIT.bit_length()):
            presented, filled = SEQUENCE_LIMIT ^ 1 << bit, bench.random.randint(0, capacity)
            await driver.strobe(load=1, presented_value=presented, filled_value=filled)
            await bench.cycle()
            found = block.get("presented"), block.get("filled")
            bench.compare(block, "n, filled after a load", found, (presented, filled))
            await driver.strobe(next_sequence=1)
            await bench.cycle()
            bench.compare(block, f"n after {presented:#x}", block.get("presented"), presented + 1)

    await bench.each(drive)


@block_test
async def heads_that_nobody_may_store(bench: BlockBench) -> None:
    """A slot that holds any bits, as one that nobody wrote, is replayed with the nearest legal head: rule M10."""

    async def drive(block: Block) -> None:
        driver, design = Driver(bench, block), block.design
        model, random = driver.model, bench.random
        label_part, steps_part = head_parts(design)
        labels, lengths = (
            range(1 << part.width) if part.width < 4 else border_numbers(part) for part in (label_part, steps_part)
        )
        borders = [label << label_part.lsb | steps << steps_part.lsb for label in labels for steps in lengths]
        words = [random.getrandbits(4 * design.network.features) for _ in range(design.network.max_steps)]
        for slot in range(model.capacity):
            for step, word in enumerate(words):
                await driver.host_word("steps", slot * design.network.max_steps + step, word)
        await driver.strobe(load=1, presented_value=1, filled_value=model.capacity)
        model.n = 1
        for head in random.sample(borders, len(borders)):
            for slot in range(model.capacity):
                await driver.host_word("heads", slot, head)
                model.held[slot] = (label_part.nearest(head), words[: steps_part.nearest(head)])
            await driver.replay(random.randrange(256))

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """A reset at any cycle of an insertion or a draw forgets everything."""
    for _ in range(6):
        await bench.reset(1)
        drivers = [Driver(bench, block) for block in bench.blocks]
        for driver in drivers:
            await driver.strobe(next_sequence=1)
            driver.model.begin()
            await driver.insert([some_features(bench, driver.block.design.network.features)], 0, False)
            await driver.strobe(**{bench.random.choice(("draw", "insert")): 1})
        await bench.cycle(bench.random.randint(1, 40))
        await bench.reset(1)
        await bench.cycle()
        for driver in drivers:
            driver.model.n, driver.model.held = 0, {}
            driver.compare_counts()
            await driver.new()
            await driver.compare_content()
