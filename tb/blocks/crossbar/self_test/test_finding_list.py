"""The list of findings: what it has room for, what it counts beyond, and what the host reads of it.

Rule S8.
"""

from __future__ import annotations

from random import Random

from remora.spec.crossbar.layout import Layer
from remora.spec.crossbar.self_test.plan import COUNT_BITS, HARDWARE_CLASSES, Defect, Finding, SelfTestPlan
from remora.tb.lib.bench import Block, BlockBench, block_test

FIELDS = {"column": 11, "row": 12, "side": 1, "layer": 1}
"""Of a device's number, and their widths. Rule D2."""
MOST = (1 << COUNT_BITS) - 1
COUNTS = {defect: f"host__count_{defect.name.lower()}" for defect in HARDWARE_CLASSES}


def some_finding(random: Random) -> Finding:
    """Any, with fields at their ends, of a single bit, or of any value."""
    values = {
        name: random.choice((0, (1 << bits) - 1, 1 << random.randrange(bits), random.getrandbits(bits)))
        for name, bits in FIELDS.items()
    }
    return Finding(
        random.choice(HARDWARE_CLASSES), Layer(values["layer"]), values["side"], values["row"], values["column"]
    )


class Account:
    """What has been found, and what the host sees of it."""

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.random = bench, block, bench.random
        self.depth = SelfTestPlan.of(block.design).findings
        self.words, self.listed = list[int](), 0
        self.counts: dict[Defect, int] = dict.fromkeys(HARDWARE_CLASSES, 0)
        self.pointers, self.changed = list[int](), False
        """Of the cycles before, and whether the list has changed in the last."""

    def some_pointer(self) -> int:
        """The last entry or one beside it, the last that there is room for or one beside it, any, or none."""
        random = self.random
        ends = (self.listed, self.depth, random.randrange(self.depth), 1 << random.randrange(COUNT_BITS))
        return min(MOST, max(0, random.choice(ends) + random.choice((-1, 0, 1))))

    async def cycle(self, found: Finding | None = None, clear: bool = False, pointer: int | None = None) -> None:
        """A cycle that adds this or clears the list, with an entry chosen; what it shows, compared."""
        random = self.random
        chosen = self.pointers[-1] if self.pointers and pointer is None else pointer or 0
        other = found or some_finding(random)
        self.block.put(
            add=int(found is not None), clear=int(clear), defect=other.defect, layer=other.layer, side=other.side,
            row=other.row, column=other.column, host__pointer=chosen,
        )  # fmt: skip
        await self.bench.cycle()
        self.look()
        if self.changed:
            self.bench.compare(self.block, "entry while one is added", self.block.get("host__finding"), 0)
        elif self.pointers[-2:] == [chosen, chosen]:
            word = self.words[chosen] if chosen < len(self.words) else 0
            what = f"entry {chosen} of {self.listed}"
            self.bench.compare(self.block, what, f"{self.block.get('host__finding'):08x}", f"{word:08x}")
        self.pointers.append(chosen)
        self.changed = clear or found is not None
        if clear:
            self.words, self.listed, self.counts = [], 0, dict.fromkeys(HARDWARE_CLASSES, 0)
        if found:
            self.words += [found.word] if len(self.words) < self.depth else []
            self.count(found.defect, 1)

    def count(self, defect: Defect, findings: int) -> None:
        """Count so many of a class."""
        self.listed = min(MOST, self.listed + findings)
        self.counts[defect] = min(MOST, self.counts[defect] + findings)

    def look(self) -> None:
        """What the counts show, compared."""
        get = self.block.get
        found = get("host__listed"), get("host__overflow"), *(get(name) for name in COUNTS.values())
        expected = self.listed, int(self.listed > self.depth), *self.counts.values()
        self.bench.compare(self.block, "listed, overflow and counts", found, expected)


@block_test
async def any_findings(bench: BlockBench) -> None:
    """Lists of any length, which the host reads at any time."""

    async def drive(block: Block) -> None:
        account, random = Account(bench, block), bench.random
        for length in (account.depth + 1, account.depth, 3, 1, account.depth + random.randrange(100, 200), 0):
            await account.cycle(clear=True)
            often, left = random.choice((0.3, 0.6, 1.0)), length
            while left:
                adds = random.random() < often
                left -= adds
                pointer = account.some_pointer() if random.random() < 0.3 else None
                await account.cycle(some_finding(random) if adds else None, pointer=pointer)
            await account.cycle()
            entries = [*range(account.depth), *(account.some_pointer() for _ in range(20))]
            for pointer in random.sample(entries, len(entries)):
                for _ in range(3):
                    await account.cycle(pointer=pointer)

    await bench.each(drive)


@block_test
async def counts_stay_at_their_ends(bench: BlockBench) -> None:
    """Of every class as many findings as its count can hold, and more."""
    accounts = [Account(bench, block) for block in bench.blocks]
    for account in accounts:
        await account.cycle(clear=True)
    for defect in bench.random.sample(HARDWARE_CLASSES, len(HARDWARE_CLASSES)):
        for account in accounts:
            account.block.put(clear=0, add=1, defect=defect)
        await bench.cycle(MOST - 1)
        for account in accounts:
            account.count(defect, MOST - 2)
            account.look()
        for _ in range(4):
            await bench.cycle()
            for account in accounts:
                account.count(defect, 1)
                account.look()
        for account in accounts:
            account.block.put(add=0)
            account.count(defect, 1)
        await bench.cycle()
        for account in accounts:
            account.look()


@block_test
async def resets(bench: BlockBench) -> None:
    """A reset empties the list and its counts."""
    for _ in range(5):

        async def drive(block: Block) -> None:
            account = Account(bench, block)
            for _ in range(3):
                await account.cycle(pointer=0)
            for _ in range(bench.random.randrange(2 * account.depth)):
                await account.cycle(some_finding(bench.random), pointer=account.some_pointer())

        await bench.each(drive)
        await bench.reset(1)
