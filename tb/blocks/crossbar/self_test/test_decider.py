"""The pair decider: sums of codes, and decisions after the first sum of a side, after bursts and in returns.

Rules S1 and S3 to S5.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from remora.spec.crossbar.self_test.plan import (
    BURST_PULSES,
    BURSTS,
    MOST_PULSES,
    READS,
    RETURNS,
    THRESHOLD_BITS,
    SelfTestPlan,
)
from remora.spec.lib.fixed import unsigned_width
from remora.tb.lib.bench import Block, BlockBench, block_test, some_integers

VECTORS = 1_200


@dataclass(frozen=True)
class Known:
    """What is known of a pair.

    Attributes:
        now: its sum. ``before``: that before the last burst. ``target``: that of the first reading.
        lowers: its device goes down first.
        moved: by side, the burst in which the device has moved, from 1 on; 0 of one that has not.
    """

    now: int
    before: int
    target: int
    lowers: int
    moved: tuple[int, int]

    def word(self, bits: int) -> int:
        """As the ports have it, of sums of so many bits."""
        fields = [(value, bits) for value in (self.now, self.before, self.target)]
        fields += [(self.lowers, 1), *((each, unsigned_width(BURSTS)) for each in self.moved)]
        word = 0
        for value, width in reversed(fields):
            word = word << width | value & ((1 << width) - 1)
        return word


class Pairs:
    """Pairs of a block at random."""

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.random = bench, block, bench.random
        self.plan, self.limit = SelfTestPlan.of(block.design), block.design.formats.adc_limit
        self.most = READS * self.limit

    def sum_near(self, *values: int) -> int:
        """A sum at one of these values, beside it, of a single bit, at an end, or any."""
        random, bit = self.random, 1 << self.random.randrange(self.plan.sum_bits - 1)
        near = random.choice(values) + random.choice((-1, 0, 1)) if values and random.random() < 0.6 else None
        choices = (bit, -bit, random.randint(-9, 9), *some_integers(random, -self.most, self.most, 3))
        value = random.choice(choices) if near is None else near
        return max(-self.most, min(self.most, value))

    def pair(self) -> Known:
        """Any that is known."""
        random, plan = self.random, self.plan
        before, target = self.sum_near(), self.sum_near()
        change = random.choice((plan.threshold, 1 << random.randrange(plan.sum_bits)))
        now = self.sum_near(
            before, before + change, before - change, target, target + plan.tolerance, target - plan.tolerance,
            plan.middle, -plan.middle,
        )  # fmt: skip
        moved = random.randrange(BURSTS + 1), random.randrange(BURSTS + 1)
        return Known(now, before, target, random.getrandbits(1), moved)

    def threshold(self, known: Known) -> int:
        """At the change of a pair, beside it, of a single bit, or any."""
        change = abs(known.now - known.before)
        near = [max(0, change + off) for off in (-1, 0, 1)] * 2
        return self.random.choice((*near, 1 << self.random.randrange(THRESHOLD_BITS), some_threshold(self.random)))

    async def decide(self, known: Known, expected: Known, pulsed: bool, raises: bool, **ports: int) -> None:
        """A decision, compared."""
        random, bits = self.random, self.plan.sum_bits
        code = random.randint(-self.limit, self.limit)
        self.block.put(known=known.word(bits), code=code, first=random.getrandbits(1), **ports)
        await self.bench.cycle()
        found = tuple(self.block.get(name) for name in ("decided", "up", "down", "stuck_pos", "stuck_neg"))
        wanted = (
            expected.word(bits), int(pulsed and raises), int(pulsed and not raises),
            *(int(each == 0) for each in known.moved),
        )  # fmt: skip
        self.bench.compare(self.block, f"decided, up, down and stuck of {known}, given {ports}", found, wanted)


def some_threshold(random: Random) -> int:
    """Any."""
    return random.getrandbits(random.randint(1, THRESHOLD_BITS))


def with_moved(known: Known, side: int, moved: int) -> Known:
    """The same pair, whose device of this side has moved in another burst."""
    return replace(known, moved=(known.moved[0], moved) if side else (moved, known.moved[1]))


@block_test
async def sums(bench: BlockBench) -> None:
    """A code is added to the sum, or begins it; whatever else is known stays."""

    async def drive(block: Block) -> None:
        pairs, random = Pairs(bench, block), bench.random
        for _ in range(VECTORS):
            known, first = pairs.pair(), random.getrandbits(1)
            code = random.choice((*some_integers(random, -pairs.limit, pairs.limit, 2), random.choice((-1, 1))))
            if not first:
                known = replace(known, now=max(-pairs.most - min(code, 0), min(pairs.most - max(code, 0), known.now)))
            block.put(
                known=known.word(pairs.plan.sum_bits), code=code, first=first, side=random.getrandbits(1),
                base=random.getrandbits(1), returning=0, left_out=random.getrandbits(1),
                number=random.randrange(BURSTS), threshold=some_threshold(random),
            )  # fmt: skip
            await bench.cycle()
            expected = replace(known, now=code + (0 if first else known.now)).word(pairs.plan.sum_bits)
            bench.compare(block, f"sum of {known} and {code}, first {first}", block.get("summed"), expected)

    await bench.each(drive)


@block_test
async def first_sums_and_bursts(bench: BlockBench) -> None:
    """Which way a device goes first, whether it has moved, and which way it goes next."""

    async def drive(block: Block) -> None:
        pairs, random = Pairs(bench, block), bench.random
        for _ in range(VECTORS):
            known, side, left_out = pairs.pair(), random.getrandbits(1), random.getrandbits(1)
            threshold = pairs.threshold(known)
            ports = {"side": side, "base": 1, "returning": 0, "left_out": left_out, "threshold": threshold}
            lowers = int((-known.now if side else known.now) > pairs.plan.middle)
            expected = with_moved(replace(known, before=known.now, lowers=lowers), side, left_out)
            if side == 0:
                expected = replace(expected, target=known.now)
            await pairs.decide(known, expected, not left_out, not lowers, number=0, **ports)
            # Pairs that are left out count as moved in the first burst.
            number = random.randrange(BURSTS)
            known = with_moved(known, side, 1 if left_out else random.choice((0, 0, random.randint(0, number))))
            moved = known.moved[side]
            if moved == 0 and abs(known.now - known.before) >= threshold:
                moved = number + 1
            lowers_next = known.lowers ^ (number + 1) % 2
            expected = with_moved(replace(known, before=known.now), side, moved)
            pulsed = moved == 0 and number + 1 < BURSTS
            await pairs.decide(known, expected, pulsed, not lowers_next, number=number, **(ports | {"base": 0}))

    await bench.each(drive)


@block_test
async def returns(bench: BlockBench) -> None:
    """Which devices return, towards the target, and how often."""

    async def drive(block: Block) -> None:
        pairs, random = Pairs(bench, block), bench.random
        for _ in range(VECTORS):
            known, side, left_out = pairs.pair(), random.getrandbits(1), int(random.random() < 0.2)
            if left_out:
                known = with_moved(known, side, 1)
            number, moved = random.randrange(RETURNS), known.moved[side]
            short = known.target - known.now
            pulsed = not left_out and moved > 0 and BURST_PULSES * moved + number < MOST_PULSES
            pulsed = pulsed and abs(short) > pairs.plan.tolerance
            raises = (short > 0) != bool(side)
            ports = {"side": side, "base": 0, "returning": 1, "left_out": left_out, "number": number}
            await pairs.decide(known, known, pulsed, raises, threshold=pairs.threshold(known), **ports)

    await bench.each(drive)
