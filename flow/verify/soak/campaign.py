"""A soak: draw, run, log; a failure is shrunk and saved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import numpy as np

from remora.flow.verify.soak.engine import Alter, Outcome, Runner, unaltered
from remora.flow.verify.soak.log import Line, Log
from remora.flow.verify.soak.shrink import shrink
from remora.flow.verify.soak.soaker import Candidates, Soaker, SoakPoint, read_point
from remora.spec.lib.errors import RemoraError
from remora.spec.lib.files import write_text

POINT, FIRST, REPORT = "point.json", "first.json", "report.txt"
"""Of a saved failure: what repeats it, as it was found, and what was wrong."""


@dataclass
class Campaign:
    """A soak.

    Attributes:
        soakers: by the name of the system. ``seed``: of all draws. ``log``: of all runs.
        failures: folder in which each failure gets one of its own.
        cycles: simulated ones of a design point, about. ``shrink_seconds``: longest time for shrinking one failure.
        alter: gives the netlist in place of the generated one.
        say: is told what came of each point, in one line.
    """

    soakers: Mapping[str, Soaker]
    seed: int
    log: Log
    failures: Path
    commit: str | None = None
    cycles: int = 350_000
    shrink_seconds: float = 900.0
    alter: Alter = unaltered
    say: Callable[[str], None] = print

    def run(self, seconds: float, points: int | None = None) -> list[Path]:
        """Soak for about so long, and at least one design point; what agreed in the log is not run again.

        Args:
            points: design points at the most.

        Returns:
            Folders of what failed.
        """
        end, number, ran, found = monotonic() + seconds, 0, 0, list[Path]()
        while ran == 0 or (monotonic() < end and (points is None or ran < points)):
            runs = [run for run in self.draw(number) if run not in self.log]
            if runs:
                found += self._soak(runs, number, end)
                ran += 1
            number += 1
        return found

    def draw(self, number: int) -> list[SoakPoint]:
        """The runs of the design point of this number: the same for the same seed."""
        random = np.random.default_rng([self.seed, number])
        weights = np.array([soaker.WEIGHT for soaker in self.soakers.values()], float)
        soaker = list(self.soakers.values())[random.choice(len(weights), p=weights / weights.sum())]
        design = soaker.draw(random)
        return [SoakPoint(soaker.name, design.stated(), each) for each in soaker.traffics(random, design, self.cycles)]

    def _soak(self, runs: list[SoakPoint], number: int, end: float) -> list[Path]:
        """The runs of one design point; those that there is no time for are left to the next soak."""
        soaker, found, outcomes = self.soakers[runs[0].system], list[Path](), list[Outcome]()
        with Runner(soaker, self.alter) as runner:
            for run in runs:
                if outcomes and monotonic() > end:
                    break
                outcomes.append(runner(run))
                self.log.add(Line.of(run, outcomes[-1], self.seed, number, self.commit))
                if outcomes[-1].failure:
                    found.append(self._save(soaker, run, outcomes[-1], runner))
                    break
        cycles = sum(outcome.cycles for outcome in outcomes)
        values = sum(outcome.golden_values + outcome.third_values for outcome in outcomes)
        verdict = f"FAILED, saved in {found[0]}" if found else "agrees"
        self.say(f"{number}: {runs[0].system}, {cycles:,} cycles, {values:,} values compared: {verdict}")
        return found

    def _save(self, soaker: Soaker, run: SoakPoint, outcome: Outcome, runner: Runner) -> Path:
        """Shrink what failed, and save it with what is wrong."""

        def fails(point: SoakPoint) -> bool:
            return runner(point).kind == outcome.kind

        folder = self.failures / run.key
        write_text(folder / FIRST, run.text)
        write_text(folder / POINT, run.text)
        write_text(folder / REPORT, report(folder, outcome))
        small = shrink(run, Candidates(soaker), fails, self.shrink_seconds)
        write_text(folder / POINT, small.text)
        return folder


def report(folder: Path, outcome: Outcome) -> str:
    """What was wrong, and how it is seen again."""
    return f"remora soak --repeat {folder}\n\n{outcome.failure}\n"


def saved_point(folder: Path) -> SoakPoint:
    """The run that a soak saved in a folder; a file of one is taken, too.

    Raises:
        RemoraError: there is none.
    """
    path = folder / POINT if folder.is_dir() else folder
    if not path.is_file():
        raise RemoraError(f"{folder}: there is no {POINT}; name a folder in which remora soak has saved a failure")
    return read_point(path)
