"""The fold issue: every fold of every conversion in its cycle, and its states read before, while conversions follow
each other as closely as they may, or late."""

from __future__ import annotations

from remora.tb.lib.bench import Block, BlockBench, block_test

CYCLES = 1_500
TAG = ("context_index", "step", "first", "last")
Tag = dict[str, int]


class Account:
    """Conversions and folds of one block, cycle by cycle."""

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.random, self.design, self.folds = bench.random, block.design, block.design.folds
        self.now = self.begins = self.deferred = 0
        self.valid_at: int | None = None
        """Of the conversion at hand."""
        self.codes_at = -self.folds
        """When codes became valid last."""
        self.awaited = self.converted = self.issued = dict.fromkeys(TAG, 0)
        self.unread = False
        """The first fold's states of the conversion at hand have to be read yet."""

    def tag(self) -> Tag:
        """Any step."""
        random, design = self.random, self.design
        return {
            "context_index": random.randrange(design.system.contexts),
            "step": random.randrange(design.network.max_steps), "first": random.getrandbits(1),
            "last": random.getrandbits(1),
        }  # fmt: skip

    def draw(self) -> dict[str, int]:
        """What the neighbours give in a cycle."""
        random, now = self.random, self.now
        self.converted = self.awaited
        valid = now == self.valid_at
        begun = self.valid_at in (None, now) and now >= self.begins and random.random() < 0.7
        if begun:
            self.awaited = self.tag()
        # Codes that belong to no conversion, those of a host that reads a column, mean nothing.
        given = {"begun": int(begun), "valid": int(valid or (self.valid_at is None and random.random() < 0.3))}
        for port, tag in (("converted", self.converted), ("awaited", self.awaited)):
            given |= {f"{port}__{name}": value for name, value in tag.items()}
        return given

    def follow(self, given: dict[str, int]) -> dict[str, int]:
        """What a cycle shows, and what it leaves behind."""
        now, random, adc_cycles = self.now, self.random, self.design.crossbar.adc_cycles
        if now == self.valid_at:
            self.codes_at, self.issued, self.valid_at = now, self.converted, None
        fold = now - self.codes_at
        issues = fold < self.folds
        shown = {"cell__issue": int(issues)}
        if issues:
            shown |= {f"issued__{name}": value for name, value in self.issued.items()}
            shown |= {"cell__fold": fold}
            shown |= {f"cell__{name}": self.issued[name] for name in ("context_index", "first", "last")}
        if given["begun"]:
            self.unread = True
            late = random.choice((0, 0, 0, 1, 30))
            # A conversion ends no sooner than the folds of the one before.
            self.valid_at = max(now + adc_cycles + late, self.codes_at + self.folds)
            self.begins = max(now + adc_cycles, now + self.folds) + late
        if issues and fold < self.folds - 1:
            shown |= {"cell__read": 1, "cell__read_fold": fold + 1, "cell__read_context": self.issued["context_index"]}
            self.deferred += given["begun"]
        else:
            shown["cell__read"] = int(self.unread)
            if self.unread:
                shown |= {"cell__read_fold": 0, "cell__read_context": self.awaited["context_index"]}
            self.unread = False
        self.now += 1
        return shown


@block_test
async def every_fold(bench: BlockBench) -> None:
    """Many conversions, through a reset while one is under way."""

    async def drive(block: Block) -> None:
        account = Account(bench, block)
        for cycle in range(CYCLES + bench.random.randrange(20)):
            given = account.draw()
            block.put(**given)
            await bench.cycle()
            wanted = account.follow(given)
            bench.compare_ports(block, f"cycle {cycle}, given {given}", wanted)
        closer = block.design.folds > 1
        bench.compare(block, "conversions that begin during folds", account.deferred > 20, closer)
        block.put(begun=0, valid=0)

    for _ in range(2):
        await bench.reset()
        await bench.each(drive)
