"""The contexts against a plain account of which sequence is where: arrivals, ends of steps, readouts and answers that
leave come in any order that the neighbours may choose."""

from __future__ import annotations

from dataclasses import dataclass

from remora.spec.lib.packets import Flag
from remora.tb.lib.bench import Block, BlockBench, block_test

CYCLES = 1_500


@dataclass
class Sequence:
    """A sequence in a context, and where it is."""

    bank: int
    length: int
    number: int | None
    """Of its answer; None where it has none."""
    step: int = 0
    """The step that is next."""
    waits: bool = True
    """Its next step may start."""
    begun: bool = False
    read: bool = False
    """It is read out."""


class Account:
    """What is in the contexts of one block, and what its neighbours do."""

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.random, self.block, self.design = bench.random, block, block.design
        self.count = block.design.system.contexts
        self.held: list[Sequence | None] = [None] * self.count
        self.turn = self.following = self.oldest = 0
        self.done: set[int] = set()
        self.taken = self.started = self.shut = 0

    def numbered(self, number: int) -> int:
        """A number of an answer, of which there are twice as many as contexts."""
        return number % (2 * self.count)

    def may_answer(self, sequence: Sequence) -> bool:
        """Whether its answer has a place: as many wait to leave as there are contexts at most."""
        waits = 0 if sequence.number is None else self.numbered(sequence.number - self.oldest)
        return self.count == 1 or waits < self.count

    def draw(self) -> dict[str, int]:
        """What the neighbours give in a cycle."""
        random, design, held = self.random, self.design, self.held
        while self.oldest in self.done and random.random() < 0.3:
            self.done.remove(self.oldest)
            self.oldest = self.numbered(self.oldest + 1)
        given = {
            "run": int(random.random() < 0.9),
            "arrived__available": int(random.random() < 0.7),
            "arrived__bank": random.randrange(design.banks),
            "arrived__length": random.randint(1, design.network.max_steps),
            "arrived__flags": random.choice((0, int(Flag.INFER), int(Flag.INFER))),
            "ready": random.getrandbits(1),
            "oldest": self.oldest,
            "leaving": random.randrange(self.count),
            "concluded": 0, "freed": 0,
            # What no end is said of means nothing.
            "ended__valid": 0, "ended__last": random.getrandbits(1),
            "ended__context_index": random.randrange(self.count),
        }  # fmt: skip
        under_way = [(c, each) for c, each in enumerate(held) if each and each.begun and not (each.waits or each.read)]
        if under_way and random.random() < 0.6:
            ends, sequence = random.choice(under_way)
            given |= {
                "ended__valid": 1, "ended__context_index": ends, "ended__last": int(sequence.step == sequence.length),
            }  # fmt: skip
        read = [c for c, each in enumerate(held) if each and each.read and self.may_answer(each)]
        if read and random.random() < 0.3:
            given |= {"leaving": random.choice(read), "concluded": 1, "freed": 1}
        return given

    def follow(self, given: dict[str, int]) -> dict[str, int]:
        """What a cycle shows, and what it leaves behind."""
        held = self.held
        shown = {
            "in_use": int(any(held)),
            "free": int(not all(held)),
            "stepping": int(any(each and each.begun and not each.read for each in held)),
            "reading_out": int(any(each and each.read for each in held)),
        }
        leaves = held[given["leaving"]]
        if leaves:
            shown["leaving_bank"] = leaves.bank
            if leaves.number is not None and self.count > 1:
                shown["leaving_number"] = leaves.number
        ended = held[given["ended__context_index"]] if given["ended__valid"] else None
        if ended:
            ended.read, ended.waits = bool(given["ended__last"]), not given["ended__last"]
        shown |= self._start(bool(given["ready"]))
        unused = [c for c, each in enumerate(held) if each is None]
        shown["target"] = unused[0] if unused else 0
        shown["arrived__take"] = int(bool(unused and given["run"] and given["arrived__available"]))
        if given["concluded"] and leaves:
            if leaves.number is not None:
                self.done.add(leaves.number)
            held[given["leaving"]] = None
        if shown["arrived__take"]:
            self._take(unused[0], given)
        return shown

    def _start(self, ready: bool) -> dict[str, int]:
        """The step that is next, of the first context from whose turn it is on."""
        order = [(self.turn + offset) % self.count for offset in range(self.count)]
        chosen = next((c for c in order if self.held[c] and self.held[c].waits), None)
        if chosen is None:
            return {"start": 0}
        sequence = self.held[chosen]
        shown = {
            "start": int(ready), "next__context_index": chosen, "next__step": sequence.step,
            "next__first": int(sequence.step == 0), "next__last": int(sequence.step + 1 == sequence.length),
            "bank": sequence.bank,
        }  # fmt: skip
        if ready:
            sequence.begun, sequence.waits = True, False
            sequence.step += 1
            self.turn = (chosen + 1) % self.count
            self.started += 1
        return shown

    def _take(self, target: int, given: dict[str, int]) -> None:
        number = None
        if given["arrived__flags"] & Flag.INFER:
            number, self.following = self.following, self.numbered(self.following + 1)
        self.held[target] = Sequence(given["arrived__bank"], given["arrived__length"], number)
        self.taken += 1


@block_test
async def any_order(bench: BlockBench) -> None:
    """Many sequences, through a few resets."""

    async def drive(block: Block) -> None:
        account = Account(bench, block)
        for cycle in range(CYCLES):
            given = account.draw()
            block.put(**given)
            held = [None if each is None else account.may_answer(each) for each in account.held]
            await bench.cycle()
            wanted = account.follow(given)
            bench.compare_ports(block, f"cycle {cycle}, given {given}", wanted)
            answers = [None if each is None else bool(block.get("open") >> c & 1) for c, each in enumerate(held)]
            bench.compare(block, f"cycle {cycle}: answers that have a place", answers, held)
            account.shut += False in held
        bench.compare(block, "sequences and steps", account.taken > 20 and account.started > account.taken, True)
        bench.compare(block, "answers that waited", account.shut > 0, account.count > 1)

    for _ in range(2):
        await bench.reset()
        await bench.each(drive)
