"""The macro watch: which waits stop the core and in which cycle, at limits that stand and at limits that change."""

from __future__ import annotations

from collections import Counter

from remora.hdl.crossbar.bring_up.macro_watch import CAUSES
from remora.spec.crossbar.tiles import TIMEOUT_BITS
from remora.tb.lib.bench import Block, BlockBench, block_test

WAITS = tuple(f"{layer}__{what}" for what in ("conversion", "pulse") for layer in ("hidden", "readout"))
"""Ports in the order of their causes."""
OVERRUNS = ("hidden__overrun", "readout__overrun")
SHORT = (1, 2, 3, 7)
LIMITS = (0, *SHORT, 20, 300)
CYCLES = 8_000


class Account:
    """A watch, and when its counter ends next: a limit later than it ended last, or than a lower limit came."""

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.now, self.ends_at = bench, block, 0, 0
        self.given: dict[str, int] = {}
        self.lasting = [False] * len(WAITS)
        """Of each wait: it was there at the end before, and in every cycle since."""
        self.causes = self.found = 0
        """What has stopped the core, and what did so in the cycle before."""

    async def cycle(self, cycles: int = 1, **given: int) -> None:
        """Some cycles with these ports, and the others as they were; what they show in the last, compared."""
        self.given |= given
        self.block.put(**given)
        await self.bench.cycle(cycles)
        for _ in range(cycles):
            shown = {
                "host__expired": int(self.found != 0),
                "host__causes": self.causes,
                "stopped": int(self.causes != 0),
            }
            self._follow()
        self.bench.compare_ports(self.block, f"cycle {self.now}, given {self.given}", shown)

    def _follow(self) -> None:
        """What a cycle leaves behind."""
        limit = self.given.get("host__limit", 0)
        ends, self.found = self.now == self.ends_at and limit > 0, 0
        for number, name in enumerate(WAITS):
            waits = bool(self.given.get(name, 0))
            self.found |= int(ends and waits and self.lasting[number]) << number
            self.lasting[number] = limit > 0 and waits and (ends or self.lasting[number])
        self.found |= int(any(self.given.get(name, 0) for name in OVERRUNS)) << CAUSES.index("overrun")
        self.causes = (0 if self.given.get("clear", 0) else self.causes) | self.found
        if self.now == self.ends_at or self.ends_at - self.now > limit:
            self.ends_at = self.now + limit + 1
        self.now += 1


@block_test
async def any_waits(bench: BlockBench) -> None:
    """Waits, overruns and limits at random, cycle by cycle: one within every limit never ends in a time-out, one of
    twice a limit and 2 always does, and a limit of 0 forgets how long it has lasted."""

    async def drive(block: Block) -> None:
        account, random, seen = Account(bench, block), bench.random, Counter[int]()
        limit, changed = 0, False
        # Of each wait: that it lasts, for how long, the smallest limit of that time, and how long the limit has stood
        # since the last time-out.
        high, ages, least, steady = ([0] * len(WAITS) for _ in range(4))
        for _ in range(CYCLES):
            if changed := random.random() < 0.02:
                limit = random.choice(LIMITS)
            for number, age in enumerate(ages):
                high[number] = int(random.random() < (0.97 if high[number] else 0.1))
                least[number] = min(least[number], limit) if age else limit
                ages[number] = age + 1 if high[number] and limit else 0
                steady[number] = steady[number] + 1 if high[number] and not changed else 0
            overruns = {name: int(random.random() < 0.004) for name in OVERRUNS}
            await account.cycle(
                host__limit=limit, clear=int(random.random() < 0.1), **dict(zip(WAITS, high, strict=True)), **overruns
            )
            # What the cycle leaves, as the account has it, is what the next one shows.
            for number in range(len(WAITS)):
                if account.found >> number & 1:
                    assert ages[number] > least[number], f"{WAITS[number]} timed out within the limit"
                    seen[limit] += 1
                    steady[number] = 0
                elif limit:
                    assert steady[number] < 2 * limit + 2, f"{WAITS[number]} never timed out"
        assert set(seen) >= set(SHORT) and min(seen[limit] for limit in SHORT) > 20, seen

    await bench.each(drive)


@block_test
async def each_wait_alone(bench: BlockBench) -> None:
    """At limits of every length, in the cycle that they say, and not one cycle sooner."""

    async def drive(block: Block) -> None:
        account, random = Account(bench, block), bench.random
        limits = [limit for bit in range(TIMEOUT_BITS) for limit in (1 << bit, (1 << bit) + random.getrandbits(bit))]
        for number, limit in enumerate(limits):
            for name in WAITS if limit < 256 else (WAITS[number % len(WAITS)],):
                # The counter ends in every cycle until there is a limit.
                await account.cycle(2, host__limit=0)
                await account.cycle(host__limit=limit, **{name: 1})
                await account.cycle(limit)
                await account.cycle()
                await account.cycle()
                bench.compare(block, f"{name} stopped the core", block.get("host__causes"), 1 << WAITS.index(name))
                await account.cycle(clear=1, **{name: 0})
                await account.cycle(2, clear=0)
                bench.compare(block, "causes that are left", block.get("host__causes"), 0)

    await bench.each(drive)


@block_test
async def a_lower_limit_acts_at_once(bench: BlockBench) -> None:
    """Whatever is left of a larger one, on waits that have begun and on others; so does one that what is left reaches,
    and one that it does not reach leaves the counter alone."""

    async def drive(block: Block) -> None:
        account, random = Account(bench, block), bench.random
        for bits in range(2, TIMEOUT_BITS + 1):
            for above in (-1, 0, 1, -(1 << bits - 1) + 1) if bits < 13 else (random.choice((-1, 0, 1)),):
                before, name = (1 << bits) - 1, random.choice(WAITS)
                await account.cycle(2, host__limit=0)
                await account.cycle(1 + random.randrange(1, min(before, 12)), host__limit=before)
                left = account.ends_at - account.now
                await account.cycle(host__limit=max(1, left + above), **{name: random.getrandbits(1)})
                await account.cycle(account.ends_at - account.now + 1, **{name: 1})
                assert account.lasting[WAITS.index(name)], f"{name} does not last"
                await account.cycle(2, host__limit=1)
                await account.cycle(2)
                bench.compare(block, f"{name} stopped the core", block.get("host__causes"), 1 << WAITS.index(name))
                await account.cycle(2, clear=1, **{name: 0})
                await account.cycle(clear=0)

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """A reset forgets causes, waits and the counter."""

    async def drive(block: Block) -> None:
        await Account(bench, block).cycle()

    for _ in range(6):
        for block in bench.blocks:
            block.put(host__limit=3, hidden__pulse=1, readout__conversion=1)
        await bench.cycle(bench.random.randint(1, 14))
        await bench.reset(1)
        accounts = [Account(bench, block) for block in bench.blocks]
        for account in accounts:
            account.given = {"host__limit": 3, "hidden__pulse": 1, "readout__conversion": 1}
            for _ in range(12):
                await account.cycle()
            account.block.put(host__limit=0, hidden__pulse=0, readout__conversion=0)
    await bench.reset()
    await bench.each(drive)
