"""When frames are due, and soon due, cycle by cycle against a count of the cycles since they may start."""

from __future__ import annotations

from remora.hdl.bmru.pace_timer import EARLY_CYCLES
from remora.tb.lib.bench import Block, BlockBench, block_test

PERIODS = 3
"""So many of each length run, and some cycles more."""
MOST_CYCLES = 400


async def runs(bench: BlockBench, block: Block, period: int, starts: float) -> None:
    """Let frames start for some periods, at such a chance in each cycle in which one is due."""
    block.put(run=0, start=0, period=period)
    await bench.cycle(4)
    block.put(run=1)
    due = True
    for cycle in range(min(PERIODS * period + bench.random.randrange(1, 12), MOST_CYCLES)):
        at = cycle % period if period else 0
        due = due or at == 0
        start = due and bench.chance(starts)
        block.put(start=start)
        await bench.cycle()
        bench.compare(block, f"due in cycle {cycle} of {period}", block.get("due"), due)
        # One cycle more than asked for, since it comes from a register.
        soon = due or at >= period - 1 - EARLY_CYCLES
        bench.compare(block, f"soon in cycle {cycle} of {period}", block.get("soon"), soon)
        due = due and not start
    block.put(run=0, start=0)
    await bench.cycle(2)
    bench.compare(block, "due while none may start", (block.get("due"), block.get("soon")), (1, 1))


@block_test
async def every_period(bench: BlockBench) -> None:
    """All periods of few bits; of many bits those of few, and each bit alone, in a time in which no frame is due."""
    for block in bench.blocks:
        bits = block.parameters["bits"]
        for period in [*range(1 << min(bits, 6)), *(1 << bit for bit in range(6, bits))]:
            await runs(bench, block, period, bench.random.choice((0.1, 0.5, 1)))


@block_test
async def after_a_reset(bench: BlockBench) -> None:
    """A reset makes a frame due, and counts from anew."""
    for block in bench.blocks:
        block.put(run=1, period=10, start=1)
        await bench.cycle(5)
        block.put(start=0)
        await bench.reset()
        await bench.cycle()
        bench.compare(block, "due after a reset", block.get("due"), 1)
        await runs(bench, block, 10, 1)


@block_test
async def changes_of_the_period(bench: BlockBench) -> None:
    """A period that changes while a frame is awaited counts from two cycles later: with 0 one is due at once, otherwise
    when so many cycles have passed since the last tick, or already had."""
    for block in bench.blocks:
        before = 50
        for after in (0, 1, 2, 3, 7, 20, 49):
            for elapsed in (3, 10, 30):
                block.put(run=0, start=0, period=before)
                await bench.cycle(4)
                block.put(run=1, start=1)
                await bench.cycle()
                block.put(start=0)
                await bench.cycle(elapsed - 1)
                # In cycle `elapsed` from the tick on.
                block.put(period=after)
                found = 0
                await bench.cycle()
                while not block.get("due") and found < 2 * before:
                    await bench.cycle()
                    found += 1
                due = 1 if after == 0 else max(after - elapsed, 3)
                bench.compare(block, f"period {after} from cycle {elapsed} on: due later by", found, due)
        block.put(run=0)
