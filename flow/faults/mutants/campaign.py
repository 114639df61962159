"""All mutants of one block: drawn, run through the block's tests, and compared with the block."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from remora.flow.faults.mutants.drawn import Mutant, draw, mutated_module
from remora.flow.faults.mutants.equivalence import Answer, compare
from remora.flow.faults.mutants.recipe import Recipe, record
from remora.flow.faults.mutants.runs import BlockRuns, Kill, Runs, Simulator, WholeRuns
from remora.flow.faults.mutants.store import Outcome, Record, Store, Tracked
from remora.flow.tools.simulator import build_root
from remora.flow.tools.yosys import yosys_version

BATCH = 100
"""Mutants between two writings of the store."""
LEAST_KILLED = 0.95
"""Share of the mutants that are not equivalent of which the tests notice so many."""

ALIVE: tuple[Outcome, ...] = ("survived", "undecided")
"""How mutants end that no test noticed and that are not known to be equivalent."""


@dataclass(frozen=True)
class Outcomes:
    """What became of a block's mutants."""

    block: str
    records: list[Record]
    explained: dict[str, str] = field(default_factory=dict)
    """Reason by mutant."""
    of: str = ""
    """What the verdicts depend on."""

    def count(self, *outcomes: Outcome) -> int:
        """How many mutants ended so."""
        return sum(record.outcome in outcomes for record in self.records)

    @property
    def survivors(self) -> list[Record]:
        """Mutants that no test noticed and that are not known to be equivalent."""
        return [record for record in self.records if record.outcome in ALIVE]

    @property
    def unexplained(self) -> list[Record]:
        """Survivors without a reason."""
        return [record for record in self.survivors if record.key not in self.explained]

    @property
    def share_killed(self) -> float:
        """Of the mutants that are not equivalent; 1 where there is none."""
        different = len(self.records) - self.count("equivalent")
        return self.count("killed") / different if different else 1.0


def run_block(
    block: str,
    count: int,
    seed: int,
    advance: Callable[[int], None],
    simulator: Simulator = "verilator",
    tracked: Tracked | None = None,
) -> Outcomes:
    """Record a block's bench, and `run_recipe` it.

    Raises:
        RemoraError: the block has no bench, or a tool refuses it.
        CheckFailed: the sound block does not pass its tests.
    """
    with TemporaryDirectory(prefix=f"{block}-", dir=_store_folder()) as directory:
        return run_recipe(record(block, Path(directory)), count, seed, advance, simulator, tracked)


def run_recipe(
    recipe: Recipe,
    count: int,
    seed: int,
    advance: Callable[[int], None],
    simulator: Simulator = "verilator",
    tracked: Tracked | None = None,
) -> Outcomes:
    """Draw mutants of a block and find out what becomes of each; what is known from before is not run again.

    Args:
        count: at most so many.
        advance: told of mutants whose end is known.
        simulator: of the block's tests.
        tracked: what is known among the sources, whichever simulator told it.

    Raises:
        RemoraError: a tool refuses the block.
        CheckFailed: the sound block does not pass its tests.
    """
    mutants = draw(recipe.folder, recipe.module, count, seed)
    # Mutants of the same content are told apart by their order, which depends on the count.
    of = f"{recipe.content}-{seed}-{count}-{yosys_version()}"
    if tracked and (found := tracked.records(recipe.block, of, mutants)):
        advance(len(mutants))
        return Outcomes(recipe.block, found, of=of)
    store = Store(_store_folder() / f"{recipe.block}-{of}-{simulator}.json")
    numbers = {number: mutant for number, mutant in enumerate(mutants, 1) if not store.get(mutant.key)}
    advance(len(mutants) - len(numbers))
    if numbers:
        text = mutated_module(recipe.folder, recipe.module, mutants)
        runs = WholeRuns(recipe, text, seed) if recipe.whole else BlockRuns(recipe, text, seed, simulator)
        _run_tests(runs, numbers, seed, store, advance)
    return Outcomes(recipe.block, [each for mutant in mutants if (each := store.get(mutant.key))], of=of)


def _store_folder() -> Path:
    folder = build_root() / "mutants"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _run_tests(runs: Runs, numbers: dict[int, Mutant], seed: int, store: Store, advance: Callable[[int], None]) -> None:
    """The block's tests, and for those that they do not notice another seed, then the comparison with the block."""
    waiting = list(numbers)
    for start in range(0, len(waiting), BATCH):
        batch = waiting[start : start + BATCH]
        kills = {number: kill for number, kill in runs.verdicts(batch, seed) if kill}
        # Another seed draws other stimuli, and powers up in another state. A whole accelerator takes too long for it.
        left = [number for number in batch if number not in kills]
        if left and not runs.recipe.whole:
            kills |= {number: kill for number, kill in runs.verdicts(left, seed + 1) if kill}
        alive = [numbers[number] for number in batch if number not in kills]
        answers = compare(runs.recipe.folder, runs.recipe.module, alive)
        ends: dict[Answer, Outcome] = {"equivalent": "equivalent", "differs": "survived", "undecided": "undecided"}
        store.add(
            *(_record(numbers[number], "killed", kill) for number, kill in kills.items()),
            *(_record(mutant, ends[answers[mutant.key]]) for mutant in alive),
        )
        advance(len(batch))


def _record(mutant: Mutant, outcome: Outcome, kill: Kill | None = None) -> Record:
    return Record(
        mutant.key, mutant.does, mutant.lines, outcome, kill.test if kill else "", kill.evidence if kill else ""
    )
