"""The counters: every increment counted once, all copied at the instant of a snapshot."""

from __future__ import annotations

from remora.spec.crossbar.counters import Counter
from remora.spec.lib.registers import COUNTER_BITS
from remora.tb.lib.bench import Block, BlockBench, block_test

CYCLES = 400
MASK = (1 << COUNTER_BITS) - 1
NAMES = [counter.name.lower() for counter in Counter]


class Model:
    """Live counts and their copies."""

    def __init__(self) -> None:
        self.live, self.copy = dict.fromkeys(NAMES, 0), dict.fromkeys(NAMES, 0)
        self.taken: dict[str, int] | None = None

    def cycle(self, snapshot: bool, increments: dict[str, int]) -> None:
        """What one clock edge does: a snapshot holds what was counted before its cycle, and shows a cycle later."""
        if self.taken is not None:
            self.copy = self.taken
        self.taken = dict(self.live) if snapshot else None
        self.live = {name: self.live[name] + increments[name] & MASK for name in NAMES}


async def run(bench: BlockBench, block: Block, model: Model, cycles: int) -> None:
    """Random increments, the largest among them, and snapshots; copies compared in every cycle."""
    maximum = {name: (1 << block.parameters.get(name.upper(), 1)) - 1 for name in NAMES}
    for _ in range(cycles):
        increments = {
            name: bench.random.choice((0, 1, largest, bench.random.randint(0, largest)))
            for name, largest in maximum.items()
        }
        snapshot = bench.chance(0.2)
        block.put(snapshot=int(snapshot), **{f"increments__{name}": value for name, value in increments.items()})
        await bench.cycle()
        bench.compare(block, "copies", {name: block.get(f"values__{name}") for name in NAMES}, model.copy)
        model.cycle(snapshot, increments)


@block_test
async def every_increment_counts(bench: BlockBench) -> None:
    """Random increments against the model, round the end of the range too. Rule N7."""
    wrapped = 0

    async def drive(block: Block) -> None:
        nonlocal wrapped
        model, before = Model(), 0
        for _ in range(CYCLES // 20):
            await run(bench, block, model, 20)
            wrapped += model.live["steps"] < before
            before = model.live["steps"]

    await bench.each(drive)
    assert wrapped > 0 and bench.compared == CYCLES * len(bench.blocks)


@block_test
async def resets(bench: BlockBench) -> None:
    """A reset of two cycles, the shortest that it takes, clears counts and copies."""
    for _ in range(8):
        await bench.each(lambda block: run(bench, block, Model(), bench.random.randint(1, 20)))
        for block in bench.blocks:
            block.put(snapshot=0, **{f"increments__{name}": 0 for name in NAMES})
        await bench.reset(2)
