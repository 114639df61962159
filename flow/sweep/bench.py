"""Benchmark of sweeps: what two processes gain, what a unit costs beyond its own work, and how fast all resume."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from remora.flow.report.targets import Target
from remora.flow.sweep.clusters import HERE, Workers
from remora.flow.sweep.plan import Latin, Plan, Range
from remora.flow.sweep.run import run_sweep
from remora.spec.lib.errors import CheckFailed
from remora.spec.lib.section import Design
from remora.spec.presets import load_design

CONFIG = "tiny"
GOLDEN_POINTS, OVERHEAD_POINTS, RESUMED_POINTS = 200, 1000, 10_000
TRAIN = {"passes": 1, "limit": 200, "data": "synthetic"}
"""What makes a point worth a process."""
DERIVED = {"columns": ["cycles.step"]}
"""What costs a millisecond."""
TWO = Workers(2)


def benchmark(repeats: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Measure everything; figures are medians over ``repeats``, what is compared by turns in one run.

    Raises:
        CheckFailed: a unit was not done, or was done where it was stored.
    """
    with TemporaryDirectory(prefix="remora-sweep-") as folder:
        timed = _Timed(Path(folder))
        timed.fresh(_golden(1), HERE)  # imports
        say("one process and two")
        alone, both, starts = [], [], []
        for _ in range(repeats):
            alone.append(timed.fresh(_golden(GOLDEN_POINTS), HERE))
            both.append(timed.fresh(_golden(GOLDEN_POINTS), TWO))
            starts.append(timed.fresh(_golden(2), TWO) - timed.fresh(_golden(1), HERE))
        say("units that take no time")
        small, handed = [], []
        for _ in range(repeats):
            small.append(timed.fresh(_derived(OVERHEAD_POINTS), HERE))
            handed.append(timed.fresh(_derived(OVERHEAD_POINTS), TWO))
        say("10,000 units that are there")
        timed.run(_derived(RESUMED_POINTS), HERE, "resumed", earlier=0)
        resumed = [timed.run(_derived(RESUMED_POINTS), HERE, "resumed", earlier=RESUMED_POINTS) for _ in range(repeats)]
    start = median(starts)
    gain = median(alone) / (median(both) - start)
    overhead_ms = max(median(small), median(handed) - start) / OVERHEAD_POINTS * 1e3
    targets = [
        Target("200 golden points on two processes, their start apart, against one", gain, ">=", 1.8),
        Target("ms of a unit beyond its own work", overhead_ms, "<=", 5.0),
        Target("seconds to resume 10,000 units", median(resumed), "<=", 10.0),
    ]
    seconds = {
        "one": alone,
        "two": both,
        "start": starts,
        "units here": small,
        "units handed": handed,
        "resume": resumed,
    }
    return {
        "seconds": {name: [round(each, 3) for each in found] for name, found in seconds.items()},
        "targets": [target.as_dict() for target in targets],
        "all_met": all(target.met for target in targets),
    }


class _Timed:
    """Sweeps in folders of their own, timed with a clock on the wall."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._design, self._count = folder, load_design(CONFIG, Design), 0

    def fresh(self, plan: Plan, workers: Workers) -> float:
        """Seconds of a sweep of which nothing is stored."""
        self._count += 1
        return self.run(plan, workers, str(self._count), earlier=0)

    def run(self, plan: Plan, workers: Workers, name: str, *, earlier: int) -> float:
        """Seconds of a sweep of which so many units are stored in its folder."""
        began = perf_counter()
        result = run_sweep(plan, self._design, self._folder / name, workers)
        seconds = perf_counter() - began
        if result["done"] != result["units"] or result["earlier"] != earlier:
            raise CheckFailed(
                f"{result['done']} of {result['units']} units are done, {result['earlier']} of them earlier"
            )
        return seconds


def _golden(points: int) -> Plan:
    return Plan(config=CONFIG, grid={"learning.seed": list(range(points))}, metrics={"train": TRAIN})


def _derived(points: int) -> Plan:
    vary = {"learning.seed": Range(low=0, high=2**31)}
    return Plan(config=CONFIG, latin=Latin(count=points, vary=vary), metrics={"derived": DERIVED})
