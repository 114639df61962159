"""The integration of a layer against a plain account of which step is integrated and which sum waits for its sample:
steps back to back and apart, stretched by any number of cycles, codes taken early and late."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from remora.hdl.cells.registry import cell_class
from remora.spec.crossbar.cycles import Stretch
from remora.spec.crossbar.layout import Layer
from remora.spec.crossbar.tiles import STRETCH_BITS
from remora.tb.lib.bench import Block, BlockBench, block_test

LONGEST = (1 << STRETCH_BITS) - 1
ROUNDS = 30
"""In which steps are stretched alike."""
LATE = (0, 1, 30, 60, 90)
"""Cycles that codes lie before they are taken."""
TAG = ("context_index", "step", "first", "last")
Tag = dict[str, int]


def some_cycles(random: Random) -> int:
    """None, many, a single bit of the register, or as many bits of it as of any other number."""
    some = [random.getrandbits(random.randint(1, STRETCH_BITS)) for _ in range(3)]
    return random.choice((0, random.randint(LONGEST // 4, LONGEST), 1 << random.randrange(STRETCH_BITS), *some))


@dataclass
class Step:
    """A step whose planes are integrated, or whose sum waits."""

    tag: Tag
    begun: int
    """Cycle of its start."""
    ended: int = 0
    """Cycle of its last plane."""


class Account:
    """What one block does, cycle by cycle, and what its neighbours give."""

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.random, self.design = bench.random, block.design
        hidden, bitlines = block.parameters["layer"] == Layer.HIDDEN, cell_class(block.design).at_bitlines
        self.planes = self.design.formats.stream_bits if hidden else self.design.readout_planes
        self.converts = hidden and not bitlines
        self.pace = self.design.cycles.pace if hidden else 1
        self.blocks = self.design.capabilities.reads_every_step and (bitlines or not hidden)
        self.two = self.design.crossbar.integrators == 2
        self.streaming: Step | None = None
        self.full: Step | None = None
        self.at_hand: Tag = dict.fromkeys(TAG, 0)
        self.now = self.side = self.sampled = 0
        self.next_sample = 0
        """No sample comes before."""
        self.taken: list[int] = []
        """Cycles in which the codes of samples are taken."""
        self.blocked: range = range(0)
        self.stretch, self.rate, self.late = Stretch(), 1.0, False

    def settled(self) -> bool:
        """Nothing is under way, and nothing of what was is waited for."""
        ends = [self.next_sample, self.blocked.stop, *(cycle + 1 for cycle in self.taken)]
        return not self.streaming and not self.full and self.now >= max(ends)

    def begin_round(self, number: int) -> int:
        """Other stretches, and how many steps; in every other round a step whose planes are stretched much too, and
        whose sample by each bit of the register in turn."""
        random, bit = self.random, 1 << number // 2 % STRETCH_BITS
        self.rate, self.late = random.choice((1.0, 0.3, 0.1)), random.random() < 0.4
        long = number % 2 == 0
        integrate = some_cycles(random) if long else random.choice((0, 0, random.randrange(8)))
        settle = bit if long else random.choice((0, 0, random.randrange(8), some_cycles(random)))
        convert = (
            random.choice((0, 2, 8)) if self.late else random.choice((0, random.randrange(8), some_cycles(random)))
        )
        self.stretch = Stretch(integrate, settle, convert * self.converts)
        return 1 if long else 10

    def draw(self) -> dict[str, int]:
        """What the neighbours give, but for the start."""
        random, design, stretch = self.random, self.design, self.stretch
        tag = {
            "context_index": random.randrange(design.system.contexts),
            "step": random.randrange(design.network.max_steps), "first": random.getrandbits(1),
            "last": random.getrandbits(1),
        }  # fmt: skip
        given = {f"next__{name}": value for name, value in tag.items()}
        given |= {"stretch__integrate": stretch.integrate, "stretch__settle": stretch.settle}
        if self.converts:
            given |= {"convert_stretch": stretch.convert, "taken": int(self.now in self.taken)}
        if self.blocks:
            given["blocked"] = int(self.now in self.blocked)
        return given

    def follow(self, given: dict[str, int], starts: bool) -> dict[str, int]:
        """What a cycle shows, and what it leaves behind; adds ``start`` to what is given."""
        now, streaming, full, shown = self.now, self.streaming, self.full, {}
        cycles = 1 + self.stretch.integrate
        plane, part = divmod(now - streaming.begun - 1, cycles) if streaming else (0, 0)
        ends = streaming is not None and plane == self.planes - 1 and part == cycles - 1
        # Codes that are waited for are taken in a cycle before.
        codes = self.stretch.convert and any(cycle >= now for cycle in self.taken)
        held = bool(codes or given.get("blocked"))
        due = max(full.ended + 1 + self.stretch.settle, self.next_sample) if full else 0
        samples = full is not None and not held and now >= due
        if samples:
            self._sample()
        ready = self._ready(ends, samples, held)
        shown = {
            "drive": int(bool(streaming)), "integrate": int(bool(streaming) and part == cycles - 1),
            "integrator": self.side, "sample": int(samples), "waiting": int(bool(full) and not samples),
            "passed": int(ends if self.two else samples), "ready": int(ready),
        }  # fmt: skip
        if shown["integrate"] or shown["passed"]:
            shown |= {f"at_hand__{name}": value for name, value in self.at_hand.items()}
        if streaming:
            shown["plane"] = plane
        if full and samples:
            shown |= {f"sampled__{name}": value for name, value in full.tag.items()}
            self.full = None
        if streaming and ends:
            streaming.ended = now
            self.full, self.streaming = streaming, None
            self.side ^= int(self.two)
        given["start"] = int(ready and starts)
        if given["start"]:
            self.at_hand = {name: given[f"next__{name}"] for name in TAG}
            self.streaming = Step(self.at_hand, now)
        self.now += 1
        return shown

    def _sample(self) -> None:
        """A sum is sampled: its codes are taken some day, and whoever reads it out may hold up the next."""
        random, now = self.random, self.now
        self.sampled += 1
        self.next_sample = now + self.pace + self.stretch.convert
        late = random.choice(LATE) * self.late
        if self.converts:
            self.taken = [cycle for cycle in self.taken if cycle >= now]
            self.taken.append(now + 2 + self.design.crossbar.adc_cycles + self.stretch.convert + late)
        self.blocked = range(now + 1, now + 1 + late)

    def _ready(self, ends: bool, samples: bool, held: bool) -> bool:
        """Whether the first plane of a step may come in the next cycle."""
        free = not self.full or samples
        if not self.two:
            return not self.streaming and free
        # It may come in the cycle of the sample, which is foreseen.
        ended = self.now if ends else self.full.ended if self.full else 0
        foreseen = max(ended + 1 + self.stretch.settle, self.next_sample) <= self.now + 1 and not held
        return ends and foreseen if self.streaming else free or foreseen


async def cycle(bench: BlockBench, block: Block, account: Account, starts: bool) -> None:
    """One cycle, in which a step starts if one may and ``starts``."""
    given = account.draw()
    wanted = account.follow(given, starts)
    block.put(**given)
    await bench.cycle()
    what = f"cycle {account.now}, {account.stretch}, given {given}"
    bench.compare_ports(block, what, wanted)


@block_test
async def steps_of_any_stretch(bench: BlockBench) -> None:
    """Rounds of a few steps, each stretched differently; in every other the planes too, by anything that is legal."""

    async def drive(block: Block) -> None:
        account = Account(bench, block)
        for number in range(ROUNDS):
            last = account.begin_round(number) + account.sampled
            while account.sampled < last or not account.settled():
                await cycle(bench, block, account, account.sampled < last and bench.chance(account.rate))
            for _ in range(bench.random.choice((0, 0, 3))):
                await cycle(bench, block, account, False)

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """A reset at any cycle forgets the steps that are under way, and the sum that waits."""
    for _ in range(30):
        moment = bench.random.randint(1, 60)

        async def drive(block: Block, cycles: int = moment) -> None:
            account = Account(bench, block)
            account.begin_round(1)
            for _ in range(cycles):
                await cycle(bench, block, account, bench.chance(account.rate))

        await bench.each(drive)
        for block in bench.blocks:
            block.put(start=0)
        await bench.reset(1)
