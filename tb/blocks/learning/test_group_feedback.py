"""Group feedback: the feedback of every group of columns and which of them learn, each value in its cycle.

Rules L4 to L6.
"""

from __future__ import annotations

from functools import partial

from remora.spec.crossbar.learning import ERROR_LIMIT
from remora.spec.lib.fixed import signed_width
from remora.tb.lib.bench import Block, BlockBench, block_test, pack, some_integers, unpack_signed
from remora.tb.models.learning import feedback, winners

ERROR_BITS = signed_width(ERROR_LIMIT)
RUNS = 10
WORD = 32
TIMEOUT_CYCLES = 4000


class Units:
    """When units have the values of the columns, counted from the start; unit u of n has u, u + n, u + 2n …"""

    def __init__(self, block: Block) -> None:
        learning, self.hidden = block.design.learning, block.design.network.hidden
        self.cycles = block.design.cycles
        self.ready = [self.cycles.first_feedback] * min(learning.columns, self.hidden)
        self.column = self.asked = 0

    def valid(self, now: int) -> bool:
        """The next column's value is there."""
        return self.column < self.hidden and now >= max(self.asked + 1, self.ready[self.column % len(self.ready)])

    def take(self, now: int) -> None:
        """The next column's value is taken in this cycle."""
        unit = self.column % len(self.ready)
        self.ready[unit] = now + self.cycles.next_feedback(now - self.ready[unit])
        self.column, self.asked = self.column + 1, now


class Winners:
    """The same where winners are found among all values before the first one is there."""

    def __init__(self, block: Block) -> None:
        units, now = Units(block), 0
        while units.column < units.hidden:
            now += 1
            if units.valid(now):
                units.take(now)
        self.first, self.left = now + 1 + block.design.cycles.selection, units.hidden

    def valid(self, now: int) -> bool:
        """The next column's value is there."""
        return self.left > 0 and now >= self.first

    def take(self, now: int) -> None:
        """The next column's value is taken in this cycle."""
        self.left -= 1


class Account:
    """One pass over the columns of an error: what is gathered of a group."""

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.now = bench, block, 0
        self.hidden, self.most = block.design.network.hidden, block.design.learning.columns
        self.bits = signed_width(block.design.network.classes * ERROR_LIMIT)
        self.group: list[int] = []
        """Columns whose values are there."""
        self.next_column = 0

    async def start(self, **given: int) -> None:
        """A seed and an error on the ports, how many win, and a start."""
        random, design, block = self.bench.random, self.block.design, self.block
        seed = random.choice((0, (1 << WORD) - 1, 1 << random.randrange(WORD), random.getrandbits(WORD)))
        error = some_integers(random, -ERROR_LIMIT, ERROR_LIMIT, design.network.classes)
        seeded = design.evolve(learning={"seed": seed})
        self.values = [feedback(seeded, error, column) for column in range(self.hidden)]
        self.learning = [True] * self.hidden
        self.source: Units | Winners = Units(block)
        if design.capabilities.selects:
            count = random.randint(1, self.hidden)
            self.learning = winners(self.values, count)
            self.source = Winners(block)
            block.put(winners=count)
        block.put(seed=seed, error=pack(error, ERROR_BITS), start=1, **given)
        await self.bench.cycle()
        block.put(start=0)
        self.given = {"gather": 0, "clear": 0} | given

    async def cycle(self, **given: int) -> None:
        """One cycle with these ports, and the others as they were; what it shows, compared."""
        self.given |= given
        self.block.put(**given)
        await self.bench.cycle()
        self.now += 1
        full = len(self.group) == self.given["count"]
        self.bench.compare(self.block, f"full in cycle {self.now} with {self.given}", self.block.get("full"), int(full))
        found = unpack_signed(self.block.get("feedback"), self.bits, self.most)[: len(self.group)]
        self.bench.compare(self.block, f"feedback of {self.group}", found, [self.values[each] for each in self.group])
        learns = pack([int(self.learning[each]) for each in self.group], 1)
        self.bench.compare(self.block, f"which of {self.group} learn", self.block.get("learns"), learns)
        if self.given["gather"] and not full and self.source.valid(self.now):
            self.source.take(self.now)
            self.group.append(self.next_column)
            self.next_column += 1
        if self.given["clear"]:
            self.group = []

    async def next_group(self, count: int, often: float) -> None:
        """So many values, which may be taken in some of the cycles, and stay."""
        random, begun = self.bench.random, self.now
        while len(self.group) < count:
            await self.cycle(count=count, gather=int(random.random() < often))
            assert self.now - begun < TIMEOUT_CYCLES, f"{self.block.name}: no value of column {self.next_column}"
        for _ in range(random.choice((0, 0, 1, 2, 30))):
            # The next value waits where there is one.
            await self.cycle(gather=int(random.random() < 0.8))


async def all_groups(bench: BlockBench, block: Block) -> None:
    """All columns of an error in groups of any sizes; the last one may stay until the next start."""
    random, account = bench.random, Account(bench, block)
    often = random.choice((0.1, 0.5, 1.0, 1.0))
    await account.start(gather=random.getrandbits(1), count=random.randint(1, account.most))
    while left := account.hidden - account.next_column:
        count = random.choice((1, account.most, random.randint(1, account.most)))
        if account.now:
            for _ in range(random.choice((0, 0, 0, 1, 40))):
                # The columns of the next group are not known yet, or it is the readout's.
                await account.cycle(gather=0, count=random.randint(1, account.most), clear=random.getrandbits(1))
            account.given["clear"] = 0
            block.put(clear=0)
        await account.next_group(min(left, count), often)
        if account.next_column < account.hidden or random.random() < 0.5:
            await account.cycle(clear=1, gather=random.getrandbits(1))
            await account.cycle(clear=0, gather=0)
            bench.compare(block, "columns after a clear", account.group, [])
    for _ in range(random.choice((1, 30))):
        # No further values come, whatever is asked for.
        await account.cycle(gather=int(not account.group), count=max(1, len(account.group)))
    block.put(gather=0)


@block_test
async def any_groups(bench: BlockBench) -> None:
    """Groups of one column and of the most, values taken at once or late, of one error after the other."""

    async def drive(block: Block) -> None:
        for _ in range(RUNS):
            await all_groups(bench, block)

    await bench.each(drive)


async def some_cycles(bench: BlockBench, cycles: int, block: Block) -> None:
    """So many cycles of a pass over the columns."""
    account = Account(bench, block)
    await account.start(count=min(account.most, account.hidden), gather=1)
    for _ in range(cycles):
        await account.cycle()


@block_test
async def resets(bench: BlockBench) -> None:
    """After a reset at any cycle there are no values, no column learns, and the next start gives everything anew."""
    for _ in range(6):
        await bench.each(partial(some_cycles, bench, bench.random.choice((bench.random.randint(1, 120), 300))))
        await bench.reset(1)
        for block in bench.blocks:
            block.put(gather=0)
        await bench.cycle()
        for block in bench.blocks:
            bench.compare(block, "full and learns after a reset", (block.get("full"), block.get("learns")), (0, 0))
        if bench.chance(0.6):
            await bench.each(partial(all_groups, bench))
            await bench.reset(1)
    await bench.each(partial(all_groups, bench))
