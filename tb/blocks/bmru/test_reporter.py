"""The reporter: which reports a frame makes, in which order, and until when each is offered."""

from __future__ import annotations

from remora.spec.bmru.frames import ReportFlag
from remora.tb.lib.bench import Block, BlockBench, block_test

CYCLES = 3_000


class Account:
    """The reports that one block has left to offer."""

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.random = bench, block, bench.random
        self.left: list[tuple[str, int]] = []
        """Port of the class, and flags."""
        self.classes: dict[str, int] = {}
        """While something is left, the classes do not change."""
        self.reported: set[int] = set()

    async def cycle(self, decides: float = 0.5, ready: float = 0.5) -> None:
        """One cycle, in which a frame may have been decided and a report be taken."""
        random, taken = self.random, not self.left
        if taken:
            classes = self.block.design.network.classes
            self.classes = {port: random.randrange(classes) for port in ("frame_class", "majority")}
        given = {name: random.getrandbits(1) for name in ("report_frames", "report_votes", "voted", "wake")}
        given |= {"decide": int(taken and random.random() < decides), "ready": int(random.random() < ready)}
        if given["decide"]:
            # Only a vote wakes.
            given["wake"] &= given["voted"]
        self.block.put(**given, **self.classes)
        await self.bench.cycle()
        expected = {
            "taken": int(taken), "push": int(not taken), "stalled": int(not taken and not given["ready"]),
        }  # fmt: skip
        if self.left:
            port, flags = self.left[0]
            expected |= {"decision": self.classes[port], "flags": flags}
            self.reported.add(flags)
        self.bench.compare_ports(self.block, f"given {given}, classes {self.classes}", expected)
        if given["decide"]:
            self._decide(given)
        elif self.left and given["ready"]:
            self.left.pop(0)

    def _decide(self, given: dict[str, int]) -> None:
        """The reports of a frame, and of its vote."""
        if given["report_frames"]:
            self.left.append(("frame_class", int(ReportFlag.FRAME)))
        if given["voted"] and given["report_votes"]:
            flags = ReportFlag.VOTE | ReportFlag.WAKE if given["wake"] else ReportFlag.VOTE
            self.left.append(("majority", int(flags)))


@block_test
async def reports(bench: BlockBench) -> None:
    """Frames and votes, back to back and apart, taken at once and late."""

    async def drive(block: Block) -> None:
        account, random, decides, ready = Account(bench, block), bench.random, 1.0, 1.0
        for cycle in range(CYCLES):
            if cycle % 50 == 0:
                decides, ready = random.choice((0.1, 0.5, 1.0)), random.choice((0.1, 0.5, 1.0))
            await account.cycle(decides, ready)
        wanted = {ReportFlag.FRAME, ReportFlag.VOTE, ReportFlag.VOTE | ReportFlag.WAKE}
        bench.compare(block, "flags of the reports", account.reported, set(map(int, wanted)))

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """A reset forgets what is left to be offered."""
    for _ in range(30):
        cycles = bench.random.randint(1, 6)

        async def drive(block: Block, cycles: int = cycles) -> None:
            account = Account(bench, block)
            for _ in range(cycles):
                await account.cycle(ready=0.2)

        await bench.each(drive)
        for block in bench.blocks:
            block.put(decide=0)
        await bench.reset(1)
    await bench.each(drive)
