"""Independent parts of a run at once, a simulation each, put together as if one had done it all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from remora.flow.tools.apart import Apart, working_apart
from remora.flow.tools.simulator import Build
from remora.flow.verify.run import C, RtlRun, run_case
from remora.flow.verify.trace_watcher import TraceWatcher
from remora.spec.lib.trace import record_types
from remora.tb.lib.scoreboard import Comparison


class RunningParts:
    """Simulations that have begun; ``finish`` waits for them."""

    def __init__(self, case: C, folders: Sequence[Path], apart: Apart[RtlRun]) -> None:
        self._case, self._folders, self._apart = case, folders, apart

    def finish(self, progress: Callable[[int], None]) -> RtlRun:
        """Wait for all parts and put them together.

        Counters and comparisons are sums, answers follow each other, and of seconds the longest of the parts counts,
        since they run at once.

        Args:
            progress: as of `remora.flow.verify.run.run_case`, of all parts.

        Raises:
            SimulationFailed, SimulatorError: as `run_case` raises of a part.
        """
        case = self._case
        record_bytes = record_types(case.design)[case.PROGRESS].itemsize
        with ExitStack() as watching:
            for folder in self._folders:
                path = folder / f"{case.PROGRESS}.bin"
                watching.enter_context(TraceWatcher(path, record_bytes, progress if case.traced else None))
            return _together(case, self._apart.results())


@contextmanager
def running_parts(
    build: Build, case: C, parts: Sequence[C], directory: Path, *, seed: int | None, stall: float
) -> Iterator[RunningParts]:
    """Begin the simulation of every part, in ``part-0``, ``part-1`` … of ``directory``.

    Args:
        case: the whole, of which ``parts`` are the parts.
        seed, stall: as of `remora.flow.verify.run.run_case`, the same for every part.
    """
    folders = [directory / f"part-{number}" for number in range(len(parts))]

    def one(number: int) -> RtlRun:
        # The case went the other way already, and golden's side of it is large.
        run: RtlRun[Any] = run_case(build, parts[number], folders[number], seed=seed, stall=stall)
        return replace(run, case=None)

    with working_apart(one, range(len(parts))) as apart:
        yield RunningParts(case, folders, apart)


def _together(case: C, runs: Sequence[RtlRun]) -> RtlRun[C]:
    comparison = Comparison()
    for run in runs:
        comparison.merge(run.comparison)
    return RtlRun(
        case,
        comparison,
        [answer for run in runs for answer in run.answers],
        np.concatenate([run.golden_answers for run in runs]),
        {counter: sum(run.counters[counter] for run in runs) for counter in runs[0].counters},
        {"parts": [run.report for run in runs]},
        runs[0].required,
        {part: max(run.seconds[part] for run in runs) for part in runs[0].seconds},
    )
