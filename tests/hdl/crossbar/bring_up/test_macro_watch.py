"""The macro watch: which waits stop the core, at limits that stand and at limits that change."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from amaranth.sim import Simulator

from remora.hdl.crossbar.bring_up.macro_watch import CAUSES, MacroWatch

WAITS = tuple((layer, what) for what in ("conversion", "pulse") for layer in ("hidden", "readout"))
"""In the order of their causes."""
SHORT = (1, 2, 3, 7)
LIMITS = (0, *SHORT, 20, 4096)
CYCLES = 10_000


def simulate(watch: MacroWatch, drive) -> None:
    simulator = Simulator(watch)
    simulator.add_clock(1e-6)
    simulator.add_testbench(drive)
    simulator.run()


def set_wait(context, watch: MacroWatch, number: int, high: bool) -> None:
    layer, what = WAITS[number]
    context.set(getattr(getattr(watch, layer), what), high)


@pytest.mark.parametrize("wait", range(len(WAITS)), ids=CAUSES[: len(WAITS)])
@pytest.mark.parametrize(("before", "limit"), [(4096, 1), (4096, 7), (20, 3), (65535, 300)])
def test_a_lower_limit_acts_at_once(before, limit, wait):
    """On a wait that begins after the limit is written, and on one that has begun by then."""
    watch, taken = MacroWatch(), []

    async def drive(context) -> None:
        for begins_before in (False, True):
            context.set(watch.host.limit, before)
            # So long that the counter has taken the larger limit, and has much of it left.
            await context.tick().repeat(limit + 10)
            set_wait(context, watch, wait, begins_before)
            await context.tick()
            context.set(watch.host.limit, limit)
            await context.tick()
            set_wait(context, watch, wait, True)
            cycles = 0
            while not context.get(watch.stopped):
                await context.tick()
                cycles += 1
                assert cycles <= 2 * limit + 2, f"no time-out {cycles} cycles after a limit of {limit}"
            assert cycles > limit and context.get(watch.host.causes) == 1 << wait and context.get(watch.host.expired)
            taken.append(cycles)
            set_wait(context, watch, wait, False)
            context.set(watch.clear, 1)
            await context.tick()
            context.set(watch.clear, 0)
            await context.tick()
            assert not context.get(watch.stopped)

    simulate(watch, drive)
    assert len(taken) == 2


def test_waits_end_in_a_time_out_by_the_limits_that_stand_while_they_last():
    """One within every such limit never does, one of twice a limit and 2 always does; a limit of 0 forgets it."""
    watch, random, seen = MacroWatch(), Random(1), Counter()

    async def drive(context) -> None:
        limit, changed = 0, False
        # Of each wait: that it lasts, for how long, the smallest limit of that time, and how long the limit has stood
        # since the last time-out.
        high, ages, least, steady = ([0] * len(WAITS) for _ in range(4))
        context.set(watch.clear, 1)
        for _ in range(CYCLES):
            if changed := random.random() < 0.02:
                limit = random.choice(LIMITS)
                context.set(watch.host.limit, limit)
            for number, age in enumerate(ages):
                high[number] = random.random() < (0.97 if high[number] else 0.1)
                set_wait(context, watch, number, high[number])
                least[number] = min(least[number], limit) if age else limit
                ages[number] = age + 1 if high[number] and limit else 0
                steady[number] = steady[number] + 1 if high[number] and not changed else 0
            await context.tick()
            causes = context.get(watch.host.causes)
            assert context.get(watch.host.expired) == (causes != 0)
            for number in range(len(WAITS)):
                if causes >> number & 1:
                    assert ages[number] > least[number], f"{WAITS[number]}: a time-out after {ages[number]} cycles"
                    seen[limit] += 1
                    steady[number] = 0
                elif limit:
                    assert steady[number] < 2 * limit + 2, f"{WAITS[number]}: no time-out in {steady[number]} cycles"

    simulate(watch, drive)
    assert set(seen) >= set(SHORT) and min(seen[limit] for limit in SHORT) > 20
