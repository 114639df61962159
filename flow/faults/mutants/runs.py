"""Mutants of a block through the block's own tests, many in one simulation."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from remora.flow.faults.mutants.drawn import CHOICE
from remora.flow.faults.mutants.recipe import Recipe
from remora.flow.faults.mutation import put_mutants
from remora.flow.tools.icarus import build_icarus
from remora.flow.tools.simulator import SimulatorError, build, build_root, read_results, run, write_source
from remora.spec.lib.errors import CheckFailed
from remora.tb.lib.mutants import MARK

Simulator = Literal["verilator", "icarus"]

MUTANT_ARGUMENTS = ("-Wno-UNOPTFLAT",)
"""For Verilator: the logic of mutants that are asleep may make loops."""
TOP = "bench"
CHOSEN = f"{TOP}.mutant"
"""The input of the bench that chooses the mutant, as every module below sees it."""
TIMEOUT_FACTOR = 4
"""A mutant hangs once a test takes so many times the cycles of the sound block, and ``GRACE_NS`` more."""
GRACE_NS = 20_000
FOR_OTHERS = ("no instance to drive", "the test compared nothing")
"""What `remora.tb.lib.bench` says where none of its instances is one that a test drives."""
START_S = 300
"""Wall-clock seconds that a simulation may take besides ``TIMEOUT_FACTOR`` times those of the sound block a mutant."""


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


class BlockRuns:
    """The block's bench with all mutants in it, built once.

    Args:
        mutated: Verilog of the module with all mutants in it.
        simulator: what runs them; Icarus Verilog compiles in no time and runs slower.

    Raises:
        SimulatorError: the build failed.
        CheckFailed: the sound block does not pass its own tests.
    """

    def __init__(self, recipe: Recipe, mutated: str, seed: int, simulator: Simulator = "verilator") -> None:
        self.recipe, self.seed = recipe, seed
        text = put_mutants(
            (recipe.folder / "bench.v").read_text(encoding="utf-8"), recipe.module, mutated, CHOICE, CHOSEN
        )
        sources, name = [*map(Path, recipe.sources), write_source(f"{TOP}.v", text)], f"mutants-{recipe.block}"
        arguments = (*recipe.arguments, *MUTANT_ARGUMENTS)
        self._build = (
            build_icarus(sources, TOP, name=name) if simulator == "icarus"
            else build(sources, TOP, name=name, arguments=arguments, optimise="build")
        )  # fmt: skip
        self.tests = self._sound()

    def _sound(self) -> list[Timing]:
        """The tests with no mutant awake, the quickest first."""
        events, results, end = self._simulate([0], self.recipe.tests, {}, 4 * START_S)
        failed = [(name, failure) for name, failure in results if failure and not _is_for_others(failure)]
        if failed or not any(event["event"] == "passes" for event in events):
            first = ": ".join(failed[0]) if failed else end or "no test is for it alone"
            raise CheckFailed(f"{self.recipe.block} does not pass its tests with all mutants asleep: {first}")
        times = {event["test"]: event["ns"] for event in events if event["event"] == "passes"}
        return sorted((Timing(name, ns, self._seconds[name]) for name, ns in times.items()), key=lambda t: t.seconds)

    def verdicts(self, numbers: Sequence[int]) -> Iterator[tuple[int, Kill | None]]:
        """What the tests say of mutants; None where they notice nothing. A mutant that ends the simulation is noticed
        too, and the others go on in a new one."""
        waiting = list(numbers)
        limits = {test.name: TIMEOUT_FACTOR * test.ns + GRACE_NS for test in self.tests}
        wall = START_S + TIMEOUT_FACTOR * sum(test.seconds for test in self.tests) * len(waiting)
        while waiting:
            events, results, end = self._simulate(waiting, [test.name for test in self.tests], limits, wall)
            begun: dict[int, str] = {}
            noticed: dict[int, Kill] = {}
            for event in events:
                begun[event["mutant"]] = event["test"]
            open_tests = {(event["mutant"], event["test"]) for event in events if event["event"] == "begins"} - {
                (event["mutant"], event["test"]) for event in events if event["event"] == "passes"
            }
            reasons = iter([failure for _, failure in results if failure])
            for number, test in sorted(open_tests, key=lambda each: waiting.index(each[0])):
                noticed[number] = Kill(test, _line(next(reasons, None) or end or "it ended without a word"))
            done = waiting
            if end:
                last = max((waiting.index(number) for number in begun), default=-1)
                if last < 0:
                    raise SimulatorError(f"mutants of {self.recipe.block}: no test began: {end}")
                done = waiting[: last + 1]
            waiting = waiting[len(done) :]
            for number in done:
                yield number, noticed.get(number)

    def _simulate(self, numbers: Sequence[int], tests: Sequence[str], limits: dict[str, float], wall: float):
        """Events in order, name and failure of each test in order, and what ended the simulation before its time."""
        mutants = {
            "test_module": self.recipe.test_module, "numbers": list(numbers), "tests": list(tests), "limits_ns": limits,
        }  # fmt: skip
        config = {**self.recipe.config, "mutants": mutants}
        end = None
        with TemporaryDirectory(prefix="mutants-", dir=build_root()) as directory:
            folder = Path(directory)
            try:
                run(self._build, "remora.tb.lib.mutants", config=config, seed=self.seed, run_dir=folder, timeout=wall)
            except SimulatorError as error:
                end = str(error)
            log = folder / "simulation.log"
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.is_file() else []
            results = read_results(folder / "results.xml") if (folder / "results.xml").is_file() else ()
        if results and len(results) == len(numbers) * len({r.name for r in results}):
            end = None
        events = [json.loads(line.partition(MARK)[2]) for line in lines if line.startswith(MARK)]
        self._seconds = {result.name: result.seconds for result in results}
        return events, [(result.name, result.failure) for result in results], end


def _is_for_others(failure: str) -> bool:
    """Whether a test says by its failure that it is for other cases than the one in the bench."""
    return any(words in failure for words in FOR_OTHERS)


def _line(text: str) -> str:
    """The first line that says something."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")[:300]
