"""The lessons: update, replays and insertion of a sequence, and healing replays, phase by phase, with as many replays
as the register of their number can ask for."""

from __future__ import annotations

from remora.hdl.learning.reservoir import RATIO_BITS
from remora.tb.lib.bench import Block, BlockBench, block_test

MOST = (1 << RATIO_BITS) - 1
PHASES = ("learning", "ended", "replaying", "draw", "drawing", "insert", "inserting", "healing")
ANSWERS = ("done", "drawn", "inserted")


class Teacher:
    """Plays sequencer, update and reservoir to one block."""

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.random = bench, block, bench.random
        self.replays, self.heals = block.design.capabilities.replays, block.design.capabilities.heals
        ports = {"learning", "ended"} | (set(PHASES[2:7]) if self.replays else set())
        self.phases = ports | ({"healing"} if self.heals else set())
        self.marks: set[str] = set()
        """What the sequence at hand is."""

    async def cycle(self, phases: set[str], waits_for: str = "", **given: int) -> None:
        """A cycle in which these phases are shown; an answer that nobody waits for means nothing."""
        known = ANSWERS if self.replays else ANSWERS[:1]
        noise = {name: self.random.getrandbits(1) for name in known if name != waits_for}
        self.block.put(**{"start": 0, **({"heal": 0} if self.heals else {}), **noise, **given})
        await self.bench.cycle()
        found = {name for name in self.phases if self.block.get(name)}
        self.bench.compare(self.block, "phases", found, phases | self.marks)

    async def idle(self) -> None:
        """Nothing is to be learnt; steps and readout of the sequence at hand, if there is one."""
        for _ in range(self.random.choice((0, 0, 1, 4))):
            await self.cycle(set())

    async def wait(self, phase: set[str], answer: str, last: set[str]) -> None:
        """A phase until it is answered; ``last`` shows in that cycle too."""
        for _ in range(self.random.choice((0, 0, 1, 3))):
            await self.cycle(phase, answer, **{answer: 0})
        await self.cycle(phase | last, answer, **{answer: 1})

    async def update(self, last: set[str]) -> None:
        """From the end of a readout to the end of the update."""
        await self.cycle(set(), start=1)
        await self.wait({"learning"}, "done", last)

    async def replay(self, index: int) -> None:
        """A replay is drawn, and runs."""
        await self.cycle({"drawing", "draw"})
        self.bench.compare(self.block, "number of the replay", self.block.get("replay_index"), index)
        self.marks |= {"replaying"}
        await self.wait({"drawing"}, "drawn", set())
        self.bench.compare(self.block, "number of the replay that runs", self.block.get("replay_index"), index)
        await self.idle()

    async def sequence(self, ratio: int, stocked: int) -> None:
        """A new sequence, its replays and its insertion."""
        if self.replays:
            self.block.put(ratio=ratio, stocked=stocked)
        await self.update(set() if self.replays else {"ended"})
        if not self.replays:
            return
        for index in range(ratio if stocked else 0):
            await self.replay(index)
            await self.update(set())
        await self.cycle({"inserting", "insert"})
        self.marks.clear()
        await self.wait({"inserting"}, "inserted", {"ended"})

    async def heal(self) -> None:
        """A healing replay."""
        self.block.put(ratio=self.random.randrange(MOST), stocked=1)
        await self.cycle(set(), heal=1)
        self.marks |= {"healing"}
        await self.replay(0)
        await self.update({"ended"})
        self.marks.clear()


@block_test
async def sequences_and_healing(bench: BlockBench) -> None:
    """New sequences with any number of replays, healing between them, and a reservoir that holds nothing yet."""

    async def drive(block: Block) -> None:
        teacher, random = Teacher(bench, block), bench.random
        ratios = [0, 1, 2, MOST, *(random.getrandbits(random.randint(1, RATIO_BITS)) for _ in range(8))]
        random.shuffle(ratios)
        for ratio in ratios:
            await teacher.sequence(ratio, 1)
            await teacher.idle()
            if teacher.heals and random.random() < 0.6:
                await teacher.heal()
                await teacher.idle()
            if random.random() < 0.3:
                await teacher.sequence(ratio, 0)

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """A reset in any phase forgets the sequence at hand; the next one is learnt, replayed and inserted as any."""
    for _ in range(20):
        for block in bench.blocks:
            replays, heals = block.design.capabilities.replays, block.design.capabilities.heals
            block.put(start=1, done=1, **({"ratio": 2, "stocked": 1, "drawn": 1, "inserted": 0} if replays else {}))
            if heals:
                block.put(heal=bench.random.getrandbits(1), start=0)
        await bench.cycle(bench.random.randint(1, 15))
        await bench.reset(1)
        await bench.each(lambda block: Teacher(bench, block).sequence(2, 1))
