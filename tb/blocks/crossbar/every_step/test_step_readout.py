"""The readout after every step against a plain account of the three steps that are under way: contexts wait for a place
of their answers and go in turn, planes and conversions are stretched, decisions are taken at once and late.

Rules O1 and O4.
"""

from __future__ import annotations

from dataclasses import dataclass

from remora.spec.crossbar.cycles import PIN, Stretch
from remora.tb.lib.bench import Block, BlockBench, block_test

CYCLES = 2_000
PACES = (0.03, 0.3, 1.0)
"""How often what may happen does: a step ends, a place is open, a decision is taken."""


@dataclass
class Step:
    """A step that is read out."""

    context: int
    last: int
    begun: int
    ended: int = 0
    """Cycle of its last plane."""
    valid: int = 0
    """Cycle in which its codes are there."""


class Account:
    """What one block does, cycle by cycle, and what its neighbours give."""

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.random, self.block, self.design = bench.random, block, block.design
        self.count, self.planes = self.design.system.contexts, self.design.readout_planes
        self.two = self.design.crossbar.integrators == 2
        self.waiting: dict[int, int] = {}
        """Of each context that waits, whether its step is the last."""
        self.streaming: Step | None = None
        self.full: Step | None = None
        """Its sum waits for the sample."""
        self.converted: Step | None = None
        self.deciding: Step | None = None
        self.at_hand: int | None = None
        """The context that was streamed last."""
        self.now = self.turn = self.side = self.begun = self.shut = self.blocked = 0
        self.done_at: int | None = None
        self.left_done = self.random.getrandbits(1)
        """Whether a decision is there that was made before the reset."""
        self.sampled = False
        """In the cycle before."""
        self.stretch = Stretch()
        self.ends, self.opens, self.takes = 1.0, 1.0, 1.0

    def new_paces(self) -> None:
        """Other neighbours."""
        self.ends, self.opens, self.takes = (self.random.choice(PACES) for _ in range(3))

    def draw(self) -> dict[str, int]:
        """What the neighbours give in a cycle."""
        random = self.random
        if not self.streaming and not self.full:
            self.stretch = Stretch(random.choice((0, 0, 1, 3)), random.choice((0, 0, 1, 2, 9)))
        # A context keeps its words until they have been streamed.
        fresh = [c for c in range(self.count) if c not in self.waiting]
        fresh = [c for c in fresh if self.streaming is None or c != self.streaming.context]
        due = bool(fresh) and random.random() < self.ends
        done = self.left_done if self.done_at is None else int(self.now >= self.done_at)
        idle = not (self.streaming or self.full or self.converted or self.deciding)
        # Others convert while nothing is read out.
        valid = random.getrandbits(1) if idle else int(self.converted is not None and self.converted.valid == self.now)
        return {
            "due__valid": int(due), "due__last": random.getrandbits(1),
            "due__context_index": random.choice(fresh) if due else random.randrange(self.count),
            "open": sum(int(random.random() < self.opens) << context for context in range(self.count)),
            "stretch__integrate": self.stretch.integrate, "stretch__settle": self.stretch.settle,
            "strobes__valid": valid, "decision__done": done,
            "concluded": int(self.deciding is not None and done and random.random() < self.takes),
        }  # fmt: skip

    def follow(self, given: dict[str, int]) -> dict[str, int]:
        """What a cycle shows, and what it leaves behind."""
        opened = {context for context in range(self.count) if given["open"] >> context & 1}
        shown = {"held_up": int(bool(self.waiting.keys() - opened))}
        self.shut += shown["held_up"]
        shown |= self._decided(given)
        starts = shown["decision__start"]
        samples = self._samples()
        shown |= {"strobes__sample": int(samples), "strobes__convert": int(self.sampled)}
        self.sampled = samples
        shown |= self._streamed()
        ready = self._ready(bool(shown["gathered"]), samples)
        if given["due__valid"]:
            self.waiting[given["due__context_index"]] = given["due__last"]
        in_turn = ((self.turn + by) % self.count for by in range(self.count))
        chosen = next((c for c in in_turn if c in self.waiting and c in opened), None) if ready else None
        shown["begun__valid"] = int(chosen is not None)
        self._pass_on(bool(given["concluded"]), bool(starts), samples, bool(shown["gathered"]))
        if chosen is not None:
            last = self.waiting.pop(chosen)
            shown |= {"begun__context_index": chosen, "begun__last": last}
            self.streaming = Step(chosen, last, self.now)
            self.at_hand, self.turn = chosen, (chosen + 1) % self.count
            self.begun += 1
        self.now += 1
        return shown

    def _decided(self, given: dict[str, int]) -> dict[str, int]:
        """The decision that is made or waits to be taken, and the one that starts when its codes are there."""
        deciding, converted = self.deciding, self.converted
        starts = converted is not None and self.now >= converted.valid and (deciding is None or given["concluded"])
        shown = {"decided": int(deciding is not None and given["decision__done"]), "decision__start": int(starts)}
        if deciding is not None:
            shown |= {"context_index": deciding.context, "last": deciding.last}
        return shown

    def _held(self) -> bool:
        """The codes before have not been taken, and those of a sample now would come too early. The last of them is
        taken in the cycle before the decision is there; those of a sample are valid two cycles and a conversion later.
        """
        early = self.done_at is not None and self.now + 1 + PIN + self.design.crossbar.adc_cycles < self.done_at
        return self.converted is not None or early

    def _samples(self) -> bool:
        """A sum is sampled in this cycle."""
        if self.full is None or self.now < self.full.ended + 1 + self.stretch.settle:
            return False
        held = self._held()
        self.blocked += held
        return not held

    def _streamed(self) -> dict[str, int]:
        """Planes on the wordlines, and whether the last one is integrated."""
        streaming, cycles = self.streaming, 1 + self.stretch.integrate
        plane, part = divmod(self.now - streaming.begun - 1, cycles) if streaming else (0, 0)
        integrates = streaming is not None and part == cycles - 1
        shown = {
            "strobes__drive": int(streaming is not None), "streaming__enable": int(streaming is not None),
            "strobes__integrate": int(integrates), "strobes__integrator": self.side,
            "gathered": int(integrates and plane == self.planes - 1),
        }  # fmt: skip
        if streaming:
            shown["streaming__plane"] = plane
        if self.at_hand is not None:
            shown["streamed"] = self.at_hand
        return shown

    def _ready(self, gathered: bool, samples: bool) -> bool:
        """The first plane of another step may come in the next cycle: after the sample of the one before or, with two
        integrators, in the cycle of that."""
        free = self.full is None or samples
        if not self.two:
            return self.streaming is None and free
        ended = self.now if gathered else self.full.ended if self.full else 0
        foreseen = not self._held() and ended + self.stretch.settle <= self.now
        return gathered and foreseen if self.streaming else free or foreseen

    def _pass_on(self, concluded: bool, starts: bool, samples: bool, gathered: bool) -> None:
        """Steps that go on from one stage to the next, the later ones first."""
        if concluded:
            self.deciding = None
        if starts:
            self.deciding, self.converted = self.converted, None
            self.done_at = self.now + self.design.network.classes
        if samples and self.full:
            self.converted, self.full = self.full, None
            late = self.random.choice((0, 0, 1, 7, 20))
            self.converted.valid = self.now + 1 + PIN + self.design.crossbar.adc_cycles + late
        if gathered and self.streaming:
            self.streaming.ended = self.now
            self.full, self.streaming = self.streaming, None
            self.side ^= int(self.two)


async def cycle(bench: BlockBench, block: Block, account: Account) -> None:
    """One cycle, compared."""
    given = account.draw()
    block.put(**given)
    await bench.cycle()
    wanted = account.follow(given)
    bench.compare_ports(block, f"cycle {account.now - 1}, given {given}", wanted)


@block_test
async def any_steps(bench: BlockBench) -> None:
    """Steps of all contexts at every pace of their neighbours."""

    async def drive(block: Block) -> None:
        account = Account(bench, block)
        for number in range(CYCLES):
            if number % 100 == 50:
                account.new_paces()
            await cycle(bench, block, account)
        seen = account.begun > 40 and account.shut > 40 and account.blocked > 40
        bench.compare(block, "readouts, waits for a place and for codes to be taken", seen, True)

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """A reset forgets what is under way and what waits, and context 0 has its turn."""
    for _ in range(30):
        cycles = bench.random.randint(1, 80)

        async def drive(block: Block, cycles: int = cycles) -> None:
            account = Account(bench, block)
            for _ in range(cycles):
                await cycle(bench, block, account)

        await bench.each(drive)
        for block in bench.blocks:
            block.put(due__valid=0, concluded=0)
        await bench.reset(1)
    await bench.each(drive)
