"""What pulses missed, to counts of an accumulator: every feedback, ends, and changes of one bit, row after row.

Rule J3.
"""

from __future__ import annotations

from random import Random

from remora.hdl.learning.verify.missed import correction_limit, missed_limit
from remora.spec.crossbar.learning import MOST_VERIFY_FEEDBACK
from remora.spec.crossbar.verify.verification import Verification
from remora.spec.lib.fixed import saturate, signed_width
from remora.tb.blocks.learning.verify.missed import corrected
from remora.tb.lib.bench import Block, BlockBench, block_test

ROWS = 300
EVERY = 200
"""Where a row misses fewer codes than this, it misses each number of them."""
STAGES = 2


def some_missed(block: Block, random: Random, feedback: int) -> int:
    """What a row missed, in codes: an end, nothing, one bit, few codes, where the correction saturates, or any."""
    limit, scale = missed_limit(block.design), block.design.learning.accumulator_level * max(1, feedback)
    ends = (correction_limit(block.design) << Verification.of(block.design).shift) // scale
    of_a_bit = random.choice((-1, 1)) << random.randrange(limit.bit_length())
    near = random.choice((-1, 1)) * (ends + random.randint(-2, 2))
    values = (-limit, limit, 0, of_a_bit, near, random.randint(-9, 9), random.randint(-limit, limit))
    return saturate(random.choice(values), limit)


@block_test
async def rows_that_missed(bench: BlockBench) -> None:
    """Rows in any cycle, at every feedback, which stands while there are some."""

    async def drive(block: Block) -> None:
        random, limit = bench.random, missed_limit(block.design)
        stages: list[int | None] = [None] * STAGES
        corrections = set[int]()

        async def cycle(feedback: int, missed: int | None) -> None:
            given = 0 if missed is None else missed
            block.put(valid=int(missed is not None), missed=given & (1 << signed_width(limit)) - 1, feedback=feedback)
            await bench.cycle()
            expected = stages.pop(0)
            stages.append(None if missed is None else corrected(block.design, missed, feedback))
            bench.compare(block, "corrects", block.get("corrects"), int(expected is not None))
            if expected is not None:
                bench.compare(block, f"correction at {feedback}", block.get_signed("correction"), expected)
                corrections.add(expected)

        for feedback in random.sample(range(MOST_VERIFY_FEEDBACK + 1), MOST_VERIFY_FEEDBACK + 1):
            await cycle(feedback, None)
            every = list(range(-limit, limit + 1)) if limit < EVERY else []
            for missed in random.sample(every, len(every)) + [None] * ROWS:
                some = random.random() < 0.6
                await cycle(feedback, some_missed(block, random, feedback) if missed is None and some else missed)
        bench.compare(block, "corrections have both signs", min(corrections) < 0 < max(corrections), True)

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """A reset forgets rows that are under way."""
    for waits in range(2 * STAGES + 2):
        for block in bench.blocks:
            block.put(valid=1, missed=1, feedback=MOST_VERIFY_FEEDBACK)
        await bench.cycle(1 + waits // 2)
        for block in bench.blocks:
            block.put(valid=0)
        if waits % 2:
            await bench.cycle()
        await bench.reset(1)
        for cycle in range(STAGES + 1):
            await bench.cycle()
            for block in bench.blocks:
                bench.compare(block, f"corrects {cycle} cycles after a reset", block.get("corrects"), 0)
