"""The part that stays awake: in which cycles the gated clock is enabled, and in which frames are due."""

from __future__ import annotations

from remora.hdl.bmru.pace_timer import EARLY_CYCLES
from remora.spec.bmru.cycles import AWAKE_AFTER
from remora.spec.lib.registers import WORD_BITS
from remora.tb.lib.bench import Block, BlockBench, block_test

SHORT = (0, 1, 2, 3, 5, 6, 7, 11, 19, 32, 50, 63)
"""Periods that run several times."""
WHOLE_BITS = 14
"""Periods of fewer bits run from end to end."""
STOPPED = 3
"""Fewest cycles without ``run`` around a change of the period."""


class Account:
    """What the block should show: whether a frame is due, and for how long nothing has been asked for."""

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.random, self.now = bench, block, bench.random, 0
        self.forget()

    def forget(self) -> None:
        """What a reset leaves."""
        self.pending, self.quiet, self.enable = True, 0, 1
        self.at: int | None = None
        """Cycles since the period began; None while it is not counted."""

    async def cycle(self, asks: int, waits: int, period: int, run: int = 1, start: bool = False, reset: int = 0) -> int:
        """One cycle of these inputs, compared; ``start`` counts only where a frame is due. Returns the enable."""
        at = (self.at + 1 if self.at is not None else 0) if run or self.at is not None else 0
        at = at % period if period else 0
        due = self.pending or period == 0 or at == 0
        soon = due or at >= period - 1 - EARLY_CYCLES
        start = start and due and bool(run)
        self.block.put(asks=asks, waits=waits, period=period, run=run, start=int(start))
        self.bench.dut.rst.value = reset
        await self.bench.cycle()
        expected = {"due": int(due), "enable": self.enable, "in_reset": reset}
        self.bench.compare_ports(self.block, f"cycle {self.now}, {at} of a period of {period}", expected)
        self.now += 1
        if reset:
            self.forget()
            return self.enable
        self.quiet = 0 if asks or (waits and soon) else self.quiet + 1
        self.enable = int(self.quiet <= AWAKE_AFTER)
        self.pending = (due and not start) or not run
        self.at = at if run else None
        return self.enable

    async def skip(self, cycles: int, period: int) -> None:
        """Cycles without a request, of which nothing is compared; no frame becomes due in them."""
        assert self.at is not None and self.at + cycles < period and not self.pending
        self.block.put(asks=0, waits=0, start=0)
        await self.bench.cycle(cycles)
        self.now, self.at, self.quiet = self.now + cycles, self.at + cycles, self.quiet + cycles
        self.enable = int(self.quiet <= AWAKE_AFTER)

    async def stop(self, period: int, asks: float = 0) -> None:
        """Some cycles in which no frame may start, the first of them with the period before."""
        await self.cycle(int(self.bench.chance(asks)), 0, self.period, run=0)
        for _ in range(self.random.randint(STOPPED, 2 * AWAKE_AFTER)):
            await self.cycle(int(self.bench.chance(asks)), self.random.getrandbits(1), period, run=0)
        self.period = period

    period = 0


@block_test
async def any_pace(bench: BlockBench) -> None:
    """Requests, frames that wait and frames that start, at random and cycle by cycle, at short periods."""
    for block in bench.blocks:
        account, slept = Account(bench, block), 0
        for number in range(12 * len(SHORT)):
            await account.stop(SHORT[number % len(SHORT)], asks=0.1)
            asks, waits, starts = (bench.random.choice(some) for some in ((0, 0.03, 0.3), (0, 0.5, 1), (0.1, 0.5, 1)))
            for _ in range(bench.random.randint(1, 150)):
                given = int(bench.chance(asks)), int(bench.chance(waits))
                slept += 1 - await account.cycle(*given, account.period, start=bench.chance(starts))
        assert slept > 300, f"it slept for {slept} cycles"


@block_test
async def until_nothing_is_asked_for(bench: BlockBench) -> None:
    """The clock stops so many cycles after the last request, and not one sooner, whatever the time between two."""
    for block in bench.blocks:
        account = Account(bench, block)
        await account.stop(1 << WORD_BITS - 1)
        await account.cycle(0, 0, account.period, start=True)
        for between in (*range(1, 3 * AWAKE_AFTER), *range(2 * AWAKE_AFTER, 0, -1)):
            await account.cycle(1, 0, account.period)
            for _ in range(between):
                await account.cycle(0, 1, account.period)


@block_test
async def long_periods(bench: BlockBench) -> None:
    """With each bit of a period alone, and all bits, a frame that waits lets the clock stop, as none is soon due."""
    for block in bench.blocks:
        account = Account(bench, block)
        for period in (*(1 << bit for bit in range(6, WORD_BITS)), (1 << WORD_BITS) - 1):
            await account.stop(period)
            await account.cycle(0, 1, period, start=True)
            for _ in range(3 * AWAKE_AFTER):
                enable = await account.cycle(0, 1, period)
            bench.compare(block, f"the clock with a frame that waits, of period {period}", enable, 0)


@block_test
async def whole_periods(bench: BlockBench) -> None:
    """Of more bits, each bit alone: the clock wakes for a frame that waits, and the frame is due, at its time."""
    for block in bench.blocks:
        account = Account(bench, block)
        for period in (1 << bit for bit in range(6, WHOLE_BITS)):
            await account.stop(period)
            await account.cycle(0, 0, period, start=True)
            await account.skip(period - 4 * EARLY_CYCLES, period)
            for _ in range(8 * EARLY_CYCLES):
                await account.cycle(0, 1, period)


@block_test
async def resets(bench: BlockBench) -> None:
    """In a reset the clock is enabled, and for some cycles after it; a frame is due, and the pace begins anew."""
    for block in bench.blocks:
        account = Account(bench, block)
        for number in range(60):
            period = bench.random.choice(SHORT)
            await account.stop(period)
            starts = 1 if number % 2 else 0.2
            for _ in range(bench.random.randint(1, 40)):
                await account.cycle(int(bench.chance(0.03)), 1, period, start=bench.chance(starts))
            for _ in range(bench.random.randint(1, 3)):
                await account.cycle(bench.random.getrandbits(1), 1, period, run=0, reset=1)
            for _ in range(bench.random.randint(STOPPED, 3 * AWAKE_AFTER)):
                await account.cycle(0, 0, period, run=0)
