"""Mutants of a block through its tests: those of its own bench, many in one simulation, or those of a whole
accelerator."""

from __future__ import annotations

import json
import math
import re
import signal
import subprocess
import sys
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from remora.flow.faults.mutants.drawn import CHOICE
from remora.flow.faults.mutants.recipe import ROOT, WHOLES, Recipe
from remora.flow.faults.mutation import put_mutants
from remora.flow.tools.children import run_child
from remora.flow.tools.icarus import build_icarus
from remora.flow.tools.simulator import Build, SimulatorError, build, build_root, run, write_source
from remora.spec.lib.errors import CheckFailed
from remora.spec.lib.files import write_text
from remora.tb.lib.mutants import MARK, SOUND

Simulator = Literal["verilator", "icarus"]

MUTANT_ARGUMENTS = ("-Wno-UNOPTFLAT",)
"""For Verilator: the logic of mutants that are asleep may make loops."""
TOP = "bench"
CHOSEN = f"{TOP}.mutant"
"""The input of the bench that chooses the mutant, as every module below sees it."""
TIMEOUT_FACTOR = 4
"""A mutant hangs once a test takes so many times the cycles of the sound block and ``GRACE_NS`` more, or its process so
many times the processor seconds and ``GRACE_S`` more."""
GRACE_NS, GRACE_S = 20_000, 5
FOR_OTHERS = ("no instance to drive", "the test compared nothing")
"""What `remora.tb.lib.bench` says where none of its instances is one that a test drives."""
START_S, WALL_FACTOR = 300, 20
"""Wall-clock seconds that a simulation may take besides ``WALL_FACTOR`` times the processor seconds of each mutant's
limit; beyond, the machine is at fault and not the mutant."""
REPORTED = re.compile(r"%(?:Error|Fatal)[^:]*: .*|(?:ERROR|FATAL): .*")
"""What a model says that ends a simulation."""


@dataclass(frozen=True)
class Timing:
    """A test of the sound block."""

    name: str
    ns: float
    seconds: float


@dataclass(frozen=True)
class Kill:
    """How a mutant was noticed: by which test, and its first words, in one line."""

    test: str
    evidence: str


@dataclass
class Told:
    """What a simulation told of one mutant."""

    events: list[dict[str, Any]] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)

    def of(self, event: str) -> list[dict[str, Any]]:
        """Events of one kind."""
        return [each for each in self.events if each["event"] == event]


class Runs(ABC):
    """A block's tests with all mutants in it.

    Args:
        mutated: Verilog of the module with all mutants in it.
        seed: of the run that times the tests.
    """

    def __init__(self, recipe: Recipe, mutated: str, seed: int) -> None:
        self.recipe, self._mutated, self.seed = recipe, mutated, seed

    @abstractmethod
    def _simulate(
        self, numbers: Sequence[int], tests: Sequence[str], limits: dict[str, int], limit_s: int, seed: int
    ) -> str:
        """Run tests, all where none is named, and return what is printed.

        Args:
            limits: nanoseconds that a test may take, by its name.
            limit_s: processor seconds that a mutant may take; 0 for no limit.
        """

    @cached_property
    def tests(self) -> list[Timing]:
        """The tests with no mutant awake, the quickest first.

        Raises:
            SimulatorError: the build failed.
            CheckFailed: the sound block does not pass them.
        """
        return self._passed(_told(self._simulate([SOUND], self.recipe.tests, {}, 0, self.seed))[SOUND])

    def _passed(self, told: Told) -> list[Timing]:
        failed = [each for each in told.of("fails") if not any(words in each["why"] for words in FOR_OTHERS)]
        passed = told.of("passes")
        if failed or not passed or not told.of("passed all"):
            first = (
                f"{failed[0]['test']}: {_line(failed[0]['why'].splitlines())}" if failed else "no test is for it alone"
            )
            reason = told.reports[0] if told.reports else first
            raise CheckFailed(f"{self.recipe.block} does not pass its tests with all mutants asleep: {reason}")
        times = [Timing(each["test"], each["ns"], each["seconds"]) for each in passed]
        return sorted(times, key=lambda test: test.seconds)

    def verdicts(self, numbers: Sequence[int], seed: int) -> Iterator[tuple[int, Kill | None]]:
        """What the tests say of mutants at a seed; None where they notice nothing.

        Raises:
            SimulatorError: the machine ended a simulation, which says nothing about a mutant.
            CheckFailed: the sound block does not pass its tests at that seed.
        """
        # Whole nanoseconds: what the simulator cannot represent ends a simulation, and would pass for a finding.
        limits = {test.name: math.ceil(TIMEOUT_FACTOR * test.ns) + GRACE_NS for test in self.tests}
        limit_s = math.ceil(TIMEOUT_FACTOR * sum(test.seconds for test in self.tests)) + GRACE_S
        given = [test.name for test in self.tests]
        told = _told(self._simulate([SOUND, *numbers], given, limits, limit_s, seed))
        self._passed(told[SOUND])
        for number in numbers:
            yield number, self._verdict(number, told[number])

    def _verdict(self, number: int, told: Told) -> Kill | None:
        if told.of("passed all"):
            return None
        code = next((each["code"] for each in told.of("ends")), None)
        begun, broken = told.of("begins"), told.of("breaks")
        said = [each["why"] for each in told.of("fails")] + told.reports
        # A process that ends well and says neither that all passed nor what failed has met no mistake of the hardware.
        if not begun or broken or code in (None, -signal.SIGKILL) or (code == 0 and not said):
            reason = broken[0]["why"] if broken else f"its process ended with {code}"
            raise SimulatorError(f"mutant {number} of {self.recipe.block} was not run: {reason}")
        hung = "it takes processor time without end" if code == -signal.SIGXCPU else f"its process ended with {code}"
        return Kill(begun[-1]["test"], _line(said[0].splitlines()) if said else hung)


class BlockRuns(Runs):
    """The block's own bench, built once.

    Args:
        simulator: what runs it; Icarus Verilog compiles in no time and runs slower.
    """

    def __init__(self, recipe: Recipe, mutated: str, seed: int, simulator: Simulator = "verilator") -> None:
        super().__init__(recipe, mutated, seed)
        self._simulator = simulator

    @cached_property
    def _build(self) -> Build:
        bench = (self.recipe.folder / "bench.v").read_text(encoding="utf-8")
        text = put_mutants(bench, self.recipe.module, self._mutated, CHOICE, CHOSEN)
        sources = [*map(Path, self.recipe.sources), write_source(f"{TOP}.v", text)]
        name, arguments = f"mutants-{self.recipe.block}", (*self.recipe.arguments, *MUTANT_ARGUMENTS)
        if self._simulator == "icarus":
            return build_icarus(sources, TOP, name=name)
        return build(sources, TOP, name=name, arguments=arguments, optimise="build")

    def _simulate(
        self, numbers: Sequence[int], tests: Sequence[str], limits: dict[str, int], limit_s: int, seed: int
    ) -> str:
        mutants = {
            "test_module": self.recipe.test_module, "numbers": list(numbers), "tests": list(tests),
            "limits_ns": limits, "limit_s": limit_s,
        }  # fmt: skip
        config = {**self.recipe.config, "mutants": mutants}
        wall = START_S + WALL_FACTOR * (limit_s or START_S) * len(numbers)
        made = self._build
        with TemporaryDirectory(prefix="mutants-", dir=build_root()) as directory:
            run(
                made, "remora.tb.lib.mutants", config=config, seed=seed, run_dir=Path(directory), timeout=wall,
                env={"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            )  # fmt: skip
            return (Path(directory) / "simulation.log").read_text(encoding="utf-8", errors="replace")


class WholeRuns(Runs):
    """The tests of a whole accelerator, in a process of `remora.flow.faults.mutants.recipe.WHOLES`."""

    def _simulate(
        self, numbers: Sequence[int], tests: Sequence[str], limits: dict[str, int], limit_s: int, seed: int
    ) -> str:
        asked = [number for number in numbers if number != SOUND]
        settings = {
            "block": self.recipe.block, "module": self.recipe.module, "numbers": asked, "seed": seed,
            "limit_s": limit_s,
        }  # fmt: skip
        write_text(self.recipe.folder / "run.json", json.dumps(settings))
        write_text(self.recipe.folder / "mutated.v", self._mutated)
        command = [sys.executable, "-m", WHOLES, str(self.recipe.folder)]
        done = run_child(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        told = _told(done.stdout)
        if done.returncode:
            # Nothing but the sound accelerator runs in the process itself.
            self._passed(told[SOUND])
            raise SimulatorError(f"mutants of {self.recipe.block}: {_line(reversed(done.stdout.splitlines()))}")
        return done.stdout


def _told(log: str) -> defaultdict[int, Told]:
    """Events by mutant; what is printed before a mutant's process ends is of that mutant."""
    told: defaultdict[int, Told] = defaultdict(Told)
    reports: list[str] = []
    for line in log.splitlines():
        if line.startswith(MARK):
            event = json.loads(line.partition(MARK)[2])
            told[event["mutant"]].events.append(event)
            if event["event"] == "ends":
                told[event["mutant"]].reports, reports = reports, []
        elif found := REPORTED.search(line):
            reports.append(found[0].strip())
    return told


def _line(lines: Iterable[str]) -> str:
    """The first line that says something."""
    return next((line.strip() for line in lines if line.strip()), "")[:300]
