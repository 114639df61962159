"""The weigher: sums of columns and planes, which planes are off, and what the host reads of a test that has ended.

Rules S10 to S12.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from remora.spec.crossbar.layout import Layer, layer_layout
from remora.spec.crossbar.self_test.plan import (
    LEAST_BITS,
    PLANE_SHARE,
    column_sum_bits,
    columns_at_once,
    layer_folds,
    plane_sum_bits,
    weighed_planes,
    weighings,
)
from remora.tb.lib.bench import Block, BlockBench, block_test, pack, some_integers

ROWS = 5
"""Most rows of a crossbar in which columns add up to the ends of their sums."""
WIDE = 2_500
"""What takes add at most where the sums of planes get far apart."""

Take = tuple[int, int, list[int]]
"""A fold, a plane, and what is added of each lane."""


class Account:
    """A weigher, the sums of the row tile at hand by fold and by plane, and those of the groups."""

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.design, self.random = bench, block, block.design, bench.random
        self.limit = self.design.formats.adc_limit
        self.lanes = max(columns_at_once(self.design, layer) for layer in Layer)
        self.most_planes = max(weighed_planes(self.design, layer) for layer in Layer)
        self.held, self.groups = False, list[list[int]]()
        """Whether the host sees sums, and which, group by group."""
        self.layer, self.least = Layer.HIDDEN, 1
        self.folds = self.planes = 0
        self.columns, self.totals = list[list[int]](), list[int]()

    async def cycle(self, **given: int) -> None:
        """A cycle with these strobes and their ports; all others are drawn at random."""
        random, lanes = self.random, self.lanes
        ports = {"clear": 0, "done": 0, "read": 0, "take": 0, "compare": 0, "layer": self.layer, "least": self.least}
        if random.random() < 0.5:
            ports |= {
                "fold": random.randrange(max(1, self.folds)), "taken": random.randrange(max(1, self.folds)),
                "first": random.getrandbits(1), "plane": random.randrange(self.most_planes),
                "codes": pack(some_integers(random, -self.limit, self.limit, lanes), self.design.formats.adc_bits),
                "negative": random.getrandbits(lanes), "zero": random.getrandbits(lanes),
            }  # fmt: skip
            if not self.held:
                ports |= {"group": random.choice((0, random.getrandbits(16))), "lane": random.randrange(lanes)}
        self.block.put(**(ports | given))
        await self.bench.cycle()
        if not self.held:
            self.bench.compare(self.block, "sum while no test has ended", self.block.get("sum"), 0)

    async def begin(self) -> None:
        """A test begins."""
        self.groups = []
        # The host looks until then.
        self.block.put(clear=1)
        await self.bench.cycle()
        self.held = False
        await self.cycle()

    def begin_tile(self, layer: Layer) -> None:
        """What a row tile begins with."""
        self.layer = layer
        self.folds, self.planes = layer_folds(self.design, layer), weighed_planes(self.design, layer)
        self.columns, self.totals = [[0] * self.lanes for _ in range(self.folds)], [0] * self.planes

    async def weigh(self, takes: Sequence[Take], stall: float = 0.2) -> None:
        """Takes in this order, each a cycle after its fold is read."""
        seen: set[int] = set()
        reading: Take | None = None
        queue, column_bits, plane_bits = (
            list(reversed(takes)),
            column_sum_bits(self.design),
            plane_sum_bits(self.design),
        )
        while queue or reading:
            ports, taking, reading = {}, reading, None
            if taking:
                fold, plane, added = taking
                ports = {"take": 1, "taken": fold, "plane": plane, "first": int(fold not in seen), **self._codes(added)}
                seen.add(fold)
                self.columns[fold] = [before + each for before, each in zip(self.columns[fold], added, strict=True)]
                self.totals[plane] += sum(added)
                assert all(abs(each) < 1 << column_bits - 1 for each in self.columns[fold]), "a column's sum fits"
                assert abs(self.totals[plane]) < 1 << plane_bits - 1, "a plane's sum fits"
            # A word is not read while it is written.
            if queue and not (taking and taking[0] == queue[-1][0]) and self.random.random() >= stall:
                reading = queue.pop()
                # What nothing has been added to need not be read.
                reads = reading[0] in seen or self.random.random() < 0.7
                ports |= {"read": 1, "fold": reading[0]} if reads else {}
            await self.cycle(**ports)

    def _codes(self, added: Sequence[int]) -> dict[str, int]:
        """Codes that add so much, with either sign, and some that do not count."""
        random, codes, negative, zero = self.random, list[int](), 0, 0
        for lane, value in enumerate(added):
            minus = random.getrandbits(1)
            skips = value == 0 and random.random() < 0.7
            codes.append(random.randint(-self.limit, self.limit) if skips else -value if minus else value)
            negative, zero = negative | minus << lane, zero | int(skips) << lane
        return {"codes": pack(codes, self.design.formats.adc_bits), "negative": negative, "zero": zero}

    async def compare_planes(self, stall: float = 0.2, comparisons: int | None = None) -> None:
        """Every plane with every plane, or so many of these comparisons."""
        totals, count, done = self.totals, self.planes, 0
        for plane, mine in enumerate(totals):
            differing = 0
            for other, theirs in enumerate(totals):
                if done == comparisons:
                    return
                while self.random.random() < stall:
                    await self.cycle()
                await self.cycle(compare=1)
                differing += theirs >= self.least and abs(mine - theirs) * PLANE_SHARE >= theirs
                end = other == count - 1
                found = tuple(self.block.get(name) for name in ("last", "compared", "off"))
                expected = int(end and plane == count - 1), plane, int(end and 2 * differing > count - 1)
                what = f"last, compared and off of planes {plane} and {other} of {totals}, least {self.least}"
                self.bench.compare(self.block, what, found, expected)
                done += 1
        self.groups += self.columns

    async def end(self) -> None:
        """A test ends."""
        await self.cycle(done=1)
        self.held = True
        await self.cycle()

    async def read_sums(self) -> None:
        """Every column as the host reads it, in any order, and a lane that is not there."""
        positions = [(group, lane) for group in range(len(self.groups)) for lane in range(self.lanes)]
        for group, lane in self.random.sample(positions, len(positions)):
            await self.see(group, lane, self.groups[group][lane])
        beyond = self.random.choice((self.lanes, self.lanes | 1 << self.random.randrange(4, 16)))
        await self.see(self.random.randrange(len(self.groups)), beyond, 0)

    async def see(self, group: int, lane: int, expected: int) -> None:
        """Ask for a sum, and compare what the host reads two cycles later."""
        self.block.put(group=group, lane=lane)
        await self.cycle()
        await self.cycle()
        await self.cycle()
        what = f"sum of lane {lane} of group {group}"
        self.bench.compare(self.block, what, self.block.get_signed("sum"), expected)


def any_takes(account: Account, count: int) -> list[Take]:
    """Takes at random, of every fold at least one."""
    random = account.random
    folds = [*range(account.folds), *(random.randrange(account.folds) for _ in range(max(0, count - account.folds)))]
    random.shuffle(folds)
    return [
        (fold, random.randrange(account.planes), some_integers(random, -account.limit, account.limit, account.lanes))
        for fold in folds
    ]


def steered_takes(account: Account, targets: Sequence[int]) -> list[Take]:
    """Takes in any order that give the planes these sums; of every fold at least one."""
    random, most = account.random, account.limit * account.lanes
    takes: list[Take] = [(fold, 0, [0] * account.lanes) for fold in range(account.folds)]
    for plane, target in enumerate(targets):
        left, sign = abs(target), -1 if target < 0 else 1
        while left:
            part = min(left, most if random.random() < 0.8 else random.randint(1, most))
            left -= part
            added = [min(account.limit, max(0, part - lane * account.limit)) * sign for lane in range(account.lanes)]
            random.shuffle(added)
            takes.append((random.randrange(account.folds), plane, added))
    random.shuffle(takes)
    return takes


def some_sums(random: Random, count: int, most: int) -> tuple[list[int], int]:
    """Sums of planes at what tells them apart, and a least sum."""
    share = max(1, random.randrange(1, max(2, most // PLANE_SHARE + 1)) >> random.randrange(8))
    whole = share * PLANE_SHARE
    near = [whole + sign * (share + off) for sign in (1, -1) for off in (-1, 0, 1)]
    near += [
        -(-each * PLANE_SHARE // (PLANE_SHARE + sign)) + random.randint(-1, 1) for each in near for sign in (1, -1)
    ]
    odds = [0, -whole, -1, 1, whole + 1, whole - 1, random.randint(-most, most)]
    often = random.random()
    sums = [
        whole if random.random() < often else random.choice(near) if random.random() < 0.8 else random.choice(odds)
        for _ in range(count)
    ]
    least = random.choice((1, 1, whole, whole + 1, max(1, random.choice(sums)), max(1, random.choice(sums) + 1)))
    return sums, least


def row_tiles(account: Account) -> list[Layer]:
    """Layers of the row tiles, in their order."""
    return [layer for layer in Layer for _ in range(layer_layout(account.design, layer).row_tiles)]


@block_test
async def any_codes(bench: BlockBench) -> None:
    """Whole tests of any codes, read as they end; some begin where the one before has not ended."""

    async def drive(block: Block) -> None:
        account, random = Account(bench, block), bench.random
        for _ in range(6):
            account.least = random.choice((1, 100, 1 << random.randrange(LEAST_BITS), random.getrandbits(12) + 1))
            await account.begin()
            tiles, stops = row_tiles(account), random.randrange(9)
            for index, layer in enumerate(tiles):
                account.begin_tile(layer)
                await account.weigh(any_takes(account, random.randrange(1, 30)))
                if index == stops and random.random() < 0.7:
                    await account.compare_planes(comparisons=random.randrange(account.planes**2))
                if index == stops:
                    break
                await account.compare_planes()
            else:
                await account.end()
                await account.read_sums()

    await bench.each(drive)


@block_test
async def planes_that_differ(bench: BlockBench) -> None:
    """Sums of planes at a 25th of another's and beside it, and at the least sum and beside it."""

    async def drive(block: Block) -> None:
        account, random = Account(bench, block), bench.random
        for _ in range(6):
            await account.begin()
            for layer in row_tiles(account):
                account.begin_tile(layer)
                sums, account.least = some_sums(random, account.planes, 5 * account.limit * account.lanes)
                await account.weigh(steered_takes(account, sums), stall=0)
                await account.compare_planes(stall=0)
            await account.end()
            await account.read_sums()

    await bench.each(drive)


@block_test
async def largest_sums(bench: BlockBench) -> None:
    """Columns at either end of their sums."""

    async def drive(block: Block) -> None:
        account, design = Account(bench, block), block.design
        for sign in (1, -1):
            await account.begin()
            for layer in row_tiles(account):
                account.begin_tile(layer)
                rows = min(design.crossbar.rows, layer_layout(design, layer).rows)
                added = [sign * account.limit] * account.lanes
                each = [(fold, plane, added) for plane in range(account.planes) for fold in range(account.folds)]
                await account.weigh(each * (rows * weighings(design, layer)), stall=0)
                account.least = max(1, account.totals[0])
                await account.compare_planes(stall=0)
            await account.end()
            await account.read_sums()

    await bench.each(drive, [block for block in bench.blocks if block.design.crossbar.rows <= ROWS])


@block_test
async def planes_far_apart(bench: BlockBench) -> None:
    """Differences of sums up to the largest least sum and beyond."""

    async def drive(block: Block) -> None:
        account = Account(bench, block)
        await account.begin()
        account.begin_tile(Layer.HIDDEN)
        # One of the planes below 0 is a power of two away from most others.
        near = 1 << LEAST_BITS - 2
        sums = [near, near, near, -near, -2 * near]
        account.random.shuffle(sums)
        await account.weigh(steered_takes(account, sums), stall=0)
        account.least = near
        await account.compare_planes()

    adds = {block: block.design.formats.adc_limit * block.design.cell.lanes for block in bench.blocks}
    await bench.each(drive, [block for block, most in adds.items() if most > WIDE])


@block_test
async def resets(bench: BlockBench) -> None:
    """After a reset the host sees no sum, and the next test is as the first."""
    for _ in range(3):
        accounts = {block.name: Account(bench, block) for block in bench.blocks}

        async def drive(block: Block, accounts: dict[str, Account] = accounts) -> None:
            account = accounts[block.name]
            await account.begin()
            for layer in row_tiles(account):
                account.begin_tile(layer)
                await account.weigh(any_takes(account, 5))
                await account.compare_planes()
            await account.end()
            await account.read_sums()

        await bench.each(drive)
        for account in accounts.values():
            if bench.chance(0.5):
                await account.begin()
                account.begin_tile(Layer.HIDDEN)
                await account.weigh(any_takes(account, 5))
                await account.compare_planes(comparisons=bench.random.randrange(account.planes**2))
        for block in bench.blocks:
            block.put(take=0, compare=0, read=0, done=0, clear=0)
        await bench.reset(1)
        for account in accounts.values():
            account.held = False
            for _ in range(4):
                await account.cycle()
