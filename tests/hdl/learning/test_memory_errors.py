"""Counts of words with a wrong parity: exact, cleared, and they stay at their largest number."""

from __future__ import annotations

from random import Random

import pytest
from amaranth.sim import Simulator

from remora.hdl.learning.memory_errors import MemoryErrors
from remora.spec.crossbar.memories import HostMemory, parity_bits

BITS, MOST = 3, 7


@pytest.mark.parametrize("memories", [(), (HostMemory.RESERVOIR_STEPS,), tuple(HostMemory)], ids=len)
def test_counts_stay_at_their_end(memories):
    errors, random, reached = MemoryErrors(BITS, memories), Random(1), set()
    wires = parity_bits(memories)
    assert wires == (4 if HostMemory.FAULT_MAP in memories else 3)

    async def drive(context) -> None:
        accumulators = reservoir = 0
        for _ in range(2000):
            given = random.choices((0, 1), (5, 1), k=wires)
            clear = random.random() < 0.02
            context.set(errors.errors, sum(bit << memory for memory, bit in enumerate(given)))
            context.set(errors.clear, clear)
            await context.tick()
            accumulators = min(MOST, (0 if clear else accumulators) + given[0] + sum(given[3:]))
            reservoir = min(MOST, (0 if clear else reservoir) + given[1] + given[2])
            assert (context.get(errors.accumulators), context.get(errors.reservoir)) == (accumulators, reservoir)
            reached.add((accumulators == MOST, reservoir == MOST))

    simulator = Simulator(errors)
    simulator.add_clock(1e-6)
    simulator.add_testbench(drive)
    simulator.run()
    assert len(reached) == 4
