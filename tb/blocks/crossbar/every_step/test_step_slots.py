"""The slots of a readout at every step: parts of several answers come in any order and leave answer by answer, each as
it came and in its cycle.

Rule O4.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from remora.spec.lib.fixed import unsigned_width
from remora.tb.lib.bench import Block, BlockBench, block_test, some_word

CYCLES = 2_000
PACES = (0.05, 0.3, 0.7, 1.0)
"""How often a part comes, and how often one is taken."""
Part = dict[str, int]


@dataclass
class Waiting:
    """An answer of which a part has come, until its last one has been fetched."""

    head: Part
    """Flags and tag."""
    length: int
    """How many parts it gets."""
    came: int = 0
    parts: deque[Part] = field(default_factory=deque)
    """Those that have not been fetched."""


class Account:
    """Answers that wait in one block, and the part that was fetched."""

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.random = bench, block, bench.random
        design = block.design
        self.count, self.steps = design.system.contexts, design.network.max_steps
        self.widths = {
            "decision": unsigned_width(design.network.classes - 1),
            "scores": design.formats.adc_bits * design.network.classes,
        }  # fmt: skip
        self.answers: dict[int, Waiting] = {}
        self.fetched: Part | None = None
        self.oldest = self.left = self.most = 0
        self.shortest, self.longest = 1, self.steps
        """Of the answers that begin from now on."""

    def numbered(self, number: int) -> int:
        """A number of an answer, of which there are twice as many as contexts."""
        return number % (2 * self.count)

    def unfinished(self) -> list[int]:
        """Numbers that a part may have: those from the oldest on, as many as contexts, whose last part is to come."""
        numbers = (self.numbered(self.oldest + ahead) for ahead in range(self.count))
        return [n for n in numbers if n not in self.answers or self.answers[n].came < self.answers[n].length]

    def some_part(self, number: int) -> Part:
        """The next part of an answer, which begins with it or has begun."""
        random = self.random
        if number not in self.answers:
            head = {name: some_word(random, 8) for name in ("flags", "tag")}
            self.answers[number] = Waiting(
                head, random.choice((self.shortest, self.longest, random.randint(self.shortest, self.longest)))
            )
        answer = self.answers[number]
        answer.came += 1
        words = {name: some_word(random, bits) for name, bits in self.widths.items()}
        return {**words, **answer.head, "last": int(answer.came == answer.length)}

    async def cycle(self, comes: bool, taken: bool, pick: int | None = None) -> None:
        """One cycle: a part comes, of any answer or of this one of those that may get one; one is taken if offered."""
        random, alone, unfinished = self.random, self.count == 1, self.unfinished()
        # With one context a part is handed over when the answer takes it.
        push = bool(unfinished) and comes and (taken or not alone)
        number, part, begun = random.randrange(2 * self.count), {}, bool(self.answers)
        if push:
            number = random.choice(unfinished) if pick is None else unfinished[pick]
            part = self.some_part(number)
        result = {
            name: random.getrandbits(bits) for name, bits in {**self.widths, "flags": 8, "tag": 8, "last": 1}.items()
        }
        result |= part
        given = {
            "control__push": int(push), "number": number, "answer__ready": int(taken),
            **{f"result__{name}": value for name, value in result.items()},
        }  # fmt: skip
        self.block.put(**given)
        await self.bench.cycle()
        if alone:
            self._alone(given, result)
            return
        waits = self.fetched is not None or any(answer.parts for answer in self.answers.values())
        expected = {
            "control__ready": 1, "oldest": self.oldest, "answer__push": int(self.fetched is not None and taken),
        }  # fmt: skip
        # Between the parts of an answer no result waits, and more are to come.
        if waits or not begun:
            expected["empty"] = int(not waits)
        if self.fetched is not None:
            expected |= {f"next__{name}": value for name, value in self.fetched.items()}
        self._compare(given, expected)
        self._follow(taken)
        if push:
            self.answers[number].parts.append(part)
        self.most = max(self.most, sum(len(answer.parts) for answer in self.answers.values()))

    def _follow(self, taken: bool) -> None:
        """What a cycle leaves behind, but for the part that comes."""
        if self.fetched is not None and taken:
            self.left += 1
            self.fetched = None
        oldest = self.answers.get(self.oldest)
        if self.fetched is None and oldest is not None and oldest.parts:
            self.fetched = oldest.parts.popleft()
            if self.fetched["last"]:
                del self.answers[self.oldest]
                self.oldest = self.numbered(self.oldest + 1)

    def _alone(self, given: dict[str, int], result: Part) -> None:
        """With one context nothing waits."""
        taken, push = given["answer__ready"], given["control__push"]
        expected = {"control__ready": taken, "empty": 1, "answer__push": push, "oldest": 0}
        self._compare(given, expected | {f"next__{name}": value for name, value in result.items()})
        self.left += push
        if push and result["last"]:
            self.answers.clear()

    def _compare(self, given: dict[str, int], expected: dict[str, int]) -> None:
        self.bench.compare_ports(self.block, f"given {given}, answers {self.answers}", expected)


@block_test
async def in_any_order(bench: BlockBench) -> None:
    """Parts of any answer that may get one, rare and often, taken rarely and often."""

    async def drive(block: Block) -> None:
        account, random, comes, taken = Account(bench, block), bench.random, 1.0, 1.0
        for cycle in range(CYCLES):
            if cycle % 60 == 0:
                comes, taken = random.choice(PACES), random.choice(PACES)
                account.longest = random.choice((account.steps, random.randint(1, account.steps)))
            await account.cycle(random.random() < comes, random.random() < taken)
        bench.compare(block, "many parts left", account.left > CYCLES // 10, True)

    await bench.each(drive)


@block_test
async def all_that_fits(bench: BlockBench) -> None:
    """All slots are filled with as many parts as a longest sequence has, the newest answer first, then emptied without
    a gap; the next answers begin in other slots."""

    async def drive(block: Block) -> None:
        account = Account(bench, block)
        for _ in range(2 * account.count + 1):
            account.shortest = account.longest = account.steps
            while account.unfinished():
                await account.cycle(True, False, pick=-1)
            while account.answers or account.fetched:
                await account.cycle(False, True)
            account.shortest = account.longest = 1
            await account.cycle(True, True, pick=0)
            while account.answers or account.fetched:
                await account.cycle(False, True)
        # Of several parts of the oldest answer one has been fetched.
        most = account.count * account.steps - int(account.steps > 1)
        bench.compare(block, "parts in the slots", account.most, most)

    await bench.each(drive, [block for block in bench.blocks if block.design.system.contexts > 1])


@block_test
async def resets(bench: BlockBench) -> None:
    """A reset forgets the parts that wait and the answers that have begun; the next one that leaves is of number 0."""
    for _ in range(12):
        cycles = bench.random.randint(1, 40)

        async def drive(block: Block, cycles: int = cycles) -> None:
            account = Account(bench, block)
            for _ in range(cycles):
                await account.cycle(bench.chance(0.8), bench.chance(0.4))

        await bench.each(drive)
        for block in bench.blocks:
            block.put(control__push=0, answer__ready=0)
        await bench.reset(1)
    await bench.each(drive)
