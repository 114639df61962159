"""The result slots: results that come in any order leave in that of their numbers, each as it came and in its cycle."""

from __future__ import annotations

from remora.spec.lib.fixed import unsigned_width
from remora.tb.lib.bench import Block, BlockBench, block_test, some_word

CYCLES = 2_000
PACES = (0.05, 0.3, 0.7, 1.0)
"""How often a result comes, and how often one is taken."""


class Account:
    """Results that wait in one block, by their numbers."""

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.random = bench, block, bench.random
        design = block.design
        self.count = design.system.contexts
        self.widths = {
            "decision": unsigned_width(design.network.classes - 1),
            "scores": design.formats.adc_bits * design.network.classes, "flags": 8, "tag": 8,
        }  # fmt: skip
        self.waiting: dict[int, dict[str, int]] = {}
        self.oldest = self.left = self.most = 0

    def fresh(self) -> list[int]:
        """Numbers that a result may have: those from the oldest on, as many as contexts, each once."""
        numbers = (self.numbered(self.oldest + ahead) for ahead in range(self.count))
        return [number for number in numbers if number not in self.waiting]

    def numbered(self, number: int) -> int:
        """A number of a result, of which there are twice as many as contexts."""
        return number % (2 * self.count)

    async def cycle(self, comes: bool, taken: bool, number: int | None = None) -> None:
        """One cycle: a result comes, of this number or any, where one may; one is taken if it is offered."""
        random, alone, fresh = self.random, self.count == 1, self.fresh()
        # With one context a result is handed over when the answer takes it.
        push = bool(fresh) and comes and (taken or not alone)
        result = {name: some_word(random, bits) for name, bits in self.widths.items()}
        if push:
            number = random.choice(fresh) if number is None else number
        given = {
            "control__push": int(push), "number": random.randrange(2 * self.count) if number is None else number,
            "answer__ready": int(taken), **{f"result__{name}": value for name, value in result.items()},
        }  # fmt: skip
        self.block.put(**given)
        await self.bench.cycle()
        offered = result if alone else self.waiting.get(self.oldest)
        leaves = taken and (push if alone else offered is not None)
        expected = {
            "control__ready": int(taken or not alone), "empty": int(not self.waiting), "oldest": self.oldest,
            "answer__push": int(leaves),
        }  # fmt: skip
        if offered is not None:
            expected |= {f"next__{name}": value for name, value in offered.items()}
        self.bench.compare_ports(self.block, f"given {given}, numbers {sorted(self.waiting)} wait", expected)
        self.left += leaves
        if alone:
            return
        if push:
            assert number is not None
            self.waiting[number] = result
        if leaves:
            del self.waiting[self.oldest]
            self.oldest = self.numbered(self.oldest + 1)
        self.most = max(self.most, len(self.waiting))


@block_test
async def in_any_order(bench: BlockBench) -> None:
    """Results of any number that may come, rare and often, taken rarely and often."""

    async def drive(block: Block) -> None:
        account, random, comes, taken = Account(bench, block), bench.random, 1.0, 1.0
        for cycle in range(CYCLES):
            if cycle % 60 == 0:
                comes, taken = random.choice(PACES), random.choice(PACES)
            await account.cycle(random.random() < comes, random.random() < taken)
        bench.compare(block, "all slots were full", account.most, account.count if account.count > 1 else 0)
        bench.compare(block, "many results left", account.left > CYCLES // 20, True)

    await bench.each(drive)


@block_test
async def all_orders(bench: BlockBench) -> None:
    """All slots are filled, from the oldest number on or from the newest, with a taker that is ready meanwhile or not;
    then they are emptied without a gap."""

    async def drive(block: Block) -> None:
        account = Account(bench, block)
        for number in range(4 * account.count):
            fresh = account.fresh()
            order = fresh if number % 2 == 0 else [*reversed(fresh)]
            for each in order:
                await account.cycle(True, number % 4 > 1 and each != account.oldest, each)
            await account.cycle(False, False)
            while account.waiting:
                await account.cycle(False, True)
            # The numbers begin elsewhere the next time.
            await account.cycle(True, True, account.oldest)
            await account.cycle(False, True)

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """A reset forgets the results that wait; the next one that leaves is number 0."""
    for _ in range(12):
        cycles = bench.random.randint(1, 20)

        async def drive(block: Block, cycles: int = cycles) -> None:
            account = Account(bench, block)
            for _ in range(cycles):
                await account.cycle(bench.chance(0.8), bench.chance(0.4))

        await bench.each(drive)
        for block in bench.blocks:
            block.put(control__push=0, answer__ready=0)
        await bench.reset(1)
    await bench.each(drive)
