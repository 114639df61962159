"""Counts of words with a wrong parity: exact, cleared, and they stay at their largest number."""

from __future__ import annotations

from random import Random

from amaranth.sim import Simulator

from remora.hdl.learning.memory_errors import MemoryErrors

BITS, MOST = 3, 7


def test_counts_stay_at_their_end():
    errors, random, reached = MemoryErrors(BITS), Random(1), set()

    async def drive(context) -> None:
        accumulators = reservoir = 0
        for _ in range(2000):
            given = random.choices((0, 1), (5, 1), k=3)
            clear = random.random() < 0.02
            context.set(errors.errors, given[0] | given[1] << 1 | given[2] << 2)
            context.set(errors.clear, clear)
            await context.tick()
            accumulators = min(MOST, (0 if clear else accumulators) + given[0])
            reservoir = min(MOST, (0 if clear else reservoir) + given[1] + given[2])
            assert (context.get(errors.accumulators), context.get(errors.reservoir)) == (accumulators, reservoir)
            reached.add((accumulators == MOST, reservoir == MOST))

    simulator = Simulator(errors)
    simulator.add_clock(1e-6)
    simulator.add_testbench(drive)
    simulator.run()
    assert len(reached) == 4
