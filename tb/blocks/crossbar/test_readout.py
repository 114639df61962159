"""The readout of several contexts: each waits for a place of its answer, they go in turn, and every strobe of a readout
comes in its cycle."""

from __future__ import annotations

from remora.spec.crossbar.cycles import Stretch
from remora.tb.blocks.crossbar.test_sequencer import readout_schedule
from remora.tb.lib.bench import Block, BlockBench, block_test

CYCLES = 2_500
PORTS = {
    "streaming__enable": "readout_streaming__enable", "decision__start": "decision__start",
    **{f"strobes__{name}": f"readout__{name}" for name in ("drive", "integrate", "sample", "convert")},
}  # fmt: skip
"""Strobe of the schedule by port."""


class Turns:
    """Contexts that wait to be read out, and the readout at hand, of one block."""

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.random, self.block, self.design = bench.random, block, block.design
        self.count = block.design.system.contexts
        self.waiting: set[int] = set()
        self.at_hand = self.turn = self.begun = self.shut = self.integrator = 0
        self.schedule: list[tuple[set[str], dict[str, int]]] = []
        self.deciding, self.valid_in = False, -1
        self.latency, self.stretch = 1, Stretch()

    def draw(self) -> dict[str, int]:
        """What the neighbours give in a cycle."""
        random = self.random
        idle = not self.schedule and not self.deciding
        if idle:
            self.stretch = Stretch(random.choice((0, 0, 1, 3)), random.choice((0, 0, 1, 3)), 0)
        fresh = [c for c in range(self.count) if c not in self.waiting and (idle or c != self.at_hand)]
        ends = bool(fresh) and random.random() < 0.1
        done = self.deciding and random.random() < 0.5
        # A valid that belongs to no readout, and a decision that nobody waits for, mean nothing.
        valid = self.valid_in == 0 if self.schedule else random.getrandbits(1)
        return {
            "due__valid": int(ends), "due__last": random.getrandbits(1),
            "due__context_index": random.choice(fresh) if ends else random.randrange(self.count),
            "open": random.getrandbits(self.count) if self.count > 1 else random.getrandbits(1),
            "strobes__valid": int(valid),
            "decision__done": int(done) if self.deciding else random.getrandbits(1),
            "stretch__integrate": self.stretch.integrate, "stretch__settle": self.stretch.settle,
            "concluded": int(done and random.getrandbits(1)),
        }  # fmt: skip

    def follow(self, given: dict[str, int]) -> dict[str, int]:
        """What a cycle shows, and what it leaves behind."""
        opened = {c for c in range(self.count) if given["open"] >> c & 1}
        shown = {
            "held_up": int(bool(self.waiting - opened)), "context_index": self.at_hand,
            "decided": int(self.deciding and bool(given["decision__done"])), "strobes__integrator": self.integrator,
        }  # fmt: skip
        self.shut += shown["held_up"]
        idle = not self.schedule and not self.deciding
        strobes, values = self.schedule.pop(0) if self.schedule else (set(), {})
        shown |= {port: int(name in strobes) for port, name in PORTS.items()}
        if "readout_streaming__plane" in values:
            shown["streaming__plane"] = plane = values["readout_streaming__plane"]
            last = "readout__integrate" in strobes and plane == self.design.readout_planes - 1
            self.integrator ^= int(last and self.design.crossbar.integrators > 1)
        self.valid_in = self.latency - 1 if "readout__convert" in strobes else self.valid_in - 1
        if given["concluded"]:
            self.deciding = False
        if "decision__start" in strobes:
            self.deciding = True
        if given["due__valid"] and given["due__last"]:
            self.waiting.add(given["due__context_index"])
        if idle and (may := self.waiting & opened):
            self._begin(next(c for c in ((self.turn + by) % self.count for by in range(self.count)) if c in may))
        return shown

    def _begin(self, context: int) -> None:
        self.waiting.remove(context)
        self.turn, self.at_hand = (context + 1) % self.count, context
        self.begun += 1
        self.latency = self.random.choice((2, 5, 1 + self.design.crossbar.adc_cycles))
        self.schedule = readout_schedule(self.design, self.latency, self.stretch)


@block_test
async def in_turn(bench: BlockBench) -> None:
    """Many readouts, through two resets."""

    async def drive(block: Block) -> None:
        turns = Turns(bench, block)
        for cycle in range(CYCLES):
            given = turns.draw()
            block.put(**given)
            await bench.cycle()
            wanted = turns.follow(given)
            bench.compare_ports(block, f"cycle {cycle}, given {given}", wanted)
        bench.compare(block, "readouts, and contexts that waited", turns.begun > 10 and turns.shut > 5, True)

    for _ in range(2):
        await bench.reset()
        await bench.each(drive)
