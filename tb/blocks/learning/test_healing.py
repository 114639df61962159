"""The healing unit: count, running accuracy and policy, in their cycles, against golden's state."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from remora.golden.learning.healing import HealingState
from remora.golden.learning.settings import LearningSettings
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.learning import MOST_ACCURACY, MOST_HEALING_REPLAYS
from remora.tb.lib.bench import Block, BlockBench, block_test

STROBES = ("replayed", "right", "reset", "host__load_count", "host__load_control", "host__load_accuracy")
SETTINGS = LearningSettings.of(DesignPoint(name="healing"))
COUNTS = (0, 1, 2, 3, 7, MOST_HEALING_REPLAYS)


class Driver:
    """Strobes to one unit, and golden's state beside it.

    Attributes:
        state: what the registers show; the policy follows a replay a cycle late.
        counted: the healing replay under way is one of those that were asked for.
        seen: how often each thing happened.
    """

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.random = bench, block, bench.random
        self.state, self.settings, self.healing, self.was = HealingState(), SETTINGS, False, False
        self.weighed = self.counted = False
        self.seen: Counter[str] = Counter()

    def set(self, start: int, stop: int) -> None:
        """Other thresholds."""
        self.settings = replace(SETTINGS, heal_start=start, heal_stop=stop)
        self.block.put(host__start=start, host__stop=stop)

    async def cycle(self, **ports: int) -> None:
        """A cycle with these ports, the other strobes 0; what is shown in it, and what it leads to."""
        block, state = self.block, self.state
        block.put(**dict.fromkeys(STROBES, 0), healing=int(self.healing))
        block.put(**ports)
        await self.bench.cycle()
        asked = state.run or state.policy
        active = asked or self.healing
        wanted = {
            "asked": asked, "host__count": state.left, "host__run": state.run, "host__policy": state.policy,
            "host__accuracy": state.accuracy, "host__healing": active, "host__healed": self.was and not active,
        }  # fmt: skip
        self.bench.compare_ports(block, f"after {self.seen}", wanted)
        self.seen["healed"] += self.was and not active
        self._step(ports, active)

    def _step(self, ports: dict[str, int], active: bool) -> None:
        before, state = self.state, self.state
        reset = bool(ports.get("reset"))
        if self.weighed:
            # The accuracy has moved already.
            start, stop = self.settings.heal_start, self.settings.heal_stop
            goes_on = state.policy and start > 0 and state.accuracy <= stop
            state = replace(state, policy=state.accuracy < start or goes_on)
        self.weighed = bool(ports.get("replayed"))
        if ports.get("replayed"):
            if self.counted and self.healing:
                # It may have been stopped meanwhile.
                state = replace(replace(state, run=True).begun(), run=state.run and state.left > 1)
            accuracy = before.replayed(bool(ports["right"]), self.settings).accuracy
            state = replace(state, accuracy=accuracy)
        if ports.get("host__load_accuracy"):
            state = replace(state, accuracy=ports["host__accuracy_value"])
        if ports.get("host__load_count"):
            state = state.asked(ports["host__count_value"])
        if ports.get("host__load_control"):
            run = bool(ports["host__run_value"]) and state.left > 0
            state = replace(state, run=run, policy=bool(ports["host__policy_value"]))
        counted = self.counted and not ports.get("replayed") if self.healing else before.run
        self.counted = counted and not reset and not ports.get("host__load_count")
        self.state = state.reset() if reset else state
        self.was = active and not reset
        for name, happened in (
            ("started", self.state.policy > before.policy), ("stopped", self.state.policy < before.policy),
            ("counted", self.state.left == before.left - 1), ("ran out", before.run > self.state.run),
        ):  # fmt: skip
            self.seen[name] += happened


@block_test
async def counts_and_weighs(bench: BlockBench) -> None:
    """Replays of both kinds, right and wrong, and software at any cycle, in all orders."""

    async def drive(block: Block) -> None:
        random, driver = bench.random, Driver(bench, block)
        for number in range(6000):
            if number % 100 == 0:
                start = random.choice((0, 1, 20000, 40000, MOST_ACCURACY))
                driver.set(start, random.choice((0, start, min(start + 150, MOST_ACCURACY), MOST_ACCURACY)))
                near = min(max(start + random.randint(-200, 200), 0), MOST_ACCURACY)
                await driver.cycle(host__load_accuracy=1, host__accuracy_value=near)
            ports = {"right": random.getrandbits(1)}
            if bench.chance(0.4):
                driver.healing = bench.chance(0.6)
                ports["replayed"] = 1
            elif bench.chance(0.3):
                driver.healing = False
            # A write may come in the very cycle in which the update of a replay begins.
            if bench.chance(0.05):
                ports |= {"host__load_count": 1, "host__count_value": random.choice(COUNTS)}
            elif bench.chance(0.03):
                ports |= {"host__load_control": 1, "host__run_value": random.getrandbits(1)}
                ports["host__policy_value"] = random.getrandbits(1)
            elif bench.chance(0.02) and "replayed" not in ports:
                ports["reset"] = 1
            await driver.cycle(**ports)
        assert min(driver.seen[name] for name in ("started", "stopped", "counted", "ran out", "healed")) > 10, (
            driver.seen
        )

    await bench.each(drive)


@block_test
async def says_once_that_healing_has_ended(bench: BlockBench) -> None:
    """Of two replays that were asked for: when the update of the second has ended; after a soft reset not at all."""

    async def drive(block: Block) -> None:
        for cut in (False, True):
            driver, ends = Driver(bench, block), []
            driver.state = replace(driver.state, accuracy=block.get("host__accuracy"), left=block.get("host__count"))
            await driver.cycle(host__load_count=1, host__count_value=2)
            for number in range(2):
                await driver.cycle()
                driver.healing = True
                await driver.cycle()
                await driver.cycle(replayed=1, right=1)
                for _ in range(9):
                    await driver.cycle()
                    ends.append(block.get("host__healed"))
                if cut and number:
                    await driver.cycle(reset=1)
                driver.healing = False
                for _ in range(3):
                    await driver.cycle()
                    ends.append(block.get("host__healed"))
            bench.compare(block, "ends", (sum(ends), driver.state.left), (int(not cut), 0))

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """A reset forgets what is asked for, and every replay was right."""

    async def drive(block: Block) -> None:
        driver = Driver(bench, block)
        driver.set(MOST_ACCURACY, MOST_ACCURACY)
        await driver.cycle(host__load_count=1, host__count_value=5)
        driver.healing = True
        await driver.cycle(replayed=1, right=0)
        await driver.cycle()
        await driver.cycle()
        bench.compare(block, "policy, run", (block.get("host__policy"), block.get("host__run")), (1, 1))

    await bench.each(drive)
    for block in bench.blocks:
        block.put(**dict.fromkeys(STROBES, 0), healing=0)
    await bench.reset(1)
    await bench.each(lambda block: Driver(bench, block).cycle())
