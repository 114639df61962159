"""The frame sequencer alone: all that it gives, cycle by cycle, while everything that it waits for comes and goes."""

from __future__ import annotations

from typing import NamedTuple

from remora.spec.bmru.design import BmruDesign
from remora.tb.lib.bench import Block, BlockBench, block_test

CONDITIONS = ("run", "due", "available", "first", "reports_taken", "reports_stalled")


class Strobes(NamedTuple):
    """What a cycle of a frame gives to the core and to the vote."""

    prepare: int = 0
    clear: int = 0
    settle: int = 0
    evaluate: int = 0
    sample: int = 0
    take: int = 0
    decide: int = 0


def strobes_of(design: BmruDesign, first: int) -> list[Strobes]:
    """The cycles of a frame from the one after its start."""
    blocks, cycles = design.network.blocks, design.settling.phase_cycles
    settles = [
        Strobes(
            settle=1,
            evaluate=1 << phase if cycle == cycles - 1 and phase < blocks else 0,
            sample=int(cycle == cycles - 1 and phase == blocks),
        )
        for phase in range(blocks + 1)
        for cycle in range(cycles)
    ]
    return [Strobes(prepare=1, clear=first), *settles, Strobes(take=1), Strobes(decide=1)]


class Expected:
    """Frames as they are due, cycle by cycle."""

    def __init__(self, design: BmruDesign) -> None:
        self.design = design
        self.left: list[Strobes] = []
        self.held_before, self.last, self.most, self.frames, self.held = False, 0, 0, 0, 0

    def cycle(self, given: dict[str, int]) -> dict[str, int]:
        """What a cycle gives in which this is given."""
        awake = bool(self.left)
        ready = bool(given["run"] and given["due"] and given["available"]) and not awake
        start = ready and bool(given["reports_taken"])
        held = ready and bool(given["reports_stalled"]) and not self.held_before
        now = self.left.pop(0) if awake else Strobes()
        found = now._asdict() | {
            "start": int(start), "awake": int(awake), "held": int(held), "awake_last": self.last,
            "awake_most": self.most,
        }  # fmt: skip
        if now.decide:
            self.last = self.design.cycles.awake
            self.most = max(self.most, self.last)
            self.frames += 1
        self.held_before = not start and (held or self.held_before)
        self.held += held
        if start:
            self.left = strobes_of(self.design, given["first"])
        return found


async def drive(bench: BlockBench, block: Block, cycles: int, chances: dict[str, float]) -> Expected:
    """From a reset on, with everything at such chances."""
    await bench.reset()
    expected = Expected(block.design)
    for cycle in range(cycles):
        given = {name: int(bench.chance(chances[name])) for name in CONDITIONS}
        block.put(**given)
        await bench.cycle()
        wanted = expected.cycle(given)
        bench.compare_ports(block, f"cycle {cycle}, given {given}", wanted)
    block.put(**dict.fromkeys(CONDITIONS, 0))
    return expected


@block_test
async def strobes(bench: BlockBench) -> None:
    """Frames with each condition mostly met, rarely met, and with reports that stall for long."""
    for block in bench.blocks:
        cycles = 12 * block.design.cycles.shortest_frame + 20
        often = dict.fromkeys(CONDITIONS, 0.9) | {"first": 0.5}
        found = [await drive(bench, block, cycles, often | {name: 0.15}) for name in CONDITIONS]
        stalled = await drive(bench, block, cycles, often | {"reports_taken": 0.05})
        bench.compare(block, "frames run", min(each.frames for each in found) > 0, True)
        bench.compare(block, "reports hold frames", stalled.held > 0 and stalled.frames > 0, True)


@block_test
async def resets(bench: BlockBench) -> None:
    """A reset at each cycle of a frame ends it: from then on all is as at power-up."""
    for block in bench.blocks:
        for cycles in range(1, block.design.cycles.shortest_frame + 2):
            await drive(bench, block, cycles, dict.fromkeys(CONDITIONS, 1.0))
        after = await drive(bench, block, 2 * block.design.cycles.shortest_frame + 2, dict.fromkeys(CONDITIONS, 1.0))
        bench.compare(block, "frames after resets", after.frames, 2)
