"""Mutants of a block in a whole design, through the two runs of its fault bench."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from remora.flow.faults.bench import FaultBench
from remora.flow.faults.mutants.drawn import CHOICE
from remora.flow.faults.mutants.recipe import Recipe
from remora.flow.faults.mutants.runs import Kill
from remora.flow.faults.mutation import Fault, MutationError
from remora.flow.tools.simulator import SimulatorError
from remora.spec.lib.errors import CheckFailed

FAMILY = "remora_"
"""First part of the names of the modules of a whole design."""


def top_verdicts(
    bench: FaultBench, recipe: Recipe, mutated: str, numbers: Sequence[int]
) -> Iterator[tuple[int, Kill | None]]:
    """What the whole design's runs say of mutants, by number; nothing where the design does not have the block as it is
    in the block's bench.

    Raises:
        CheckFailed: the design does not pass its runs with all mutants asleep.
        SimulatorError: the build failed.
    """
    (case,) = recipe.config["cases"]
    module = recipe.module.removeprefix(f"{case}_")
    try:
        build = bench.build_mutants(FAMILY + module, mutated, CHOICE)
    except MutationError:
        return
    runs = [Fault(name, "", FAMILY + module, programs=programs) for name, programs in (("run", False), ("other", True))]
    for fault in runs:
        if noticed := bench.verdict_of(build, 0, fault).noticed:
            raise CheckFailed(f"the design with all mutants of {recipe.block} asleep does not pass: {noticed}")
    for number in numbers:
        yield number, _verdict(bench, build, number, runs)


def _verdict(bench: FaultBench, build, number: int, runs: Sequence[Fault]) -> Kill | None:
    for fault in runs:
        try:
            verdict = bench.verdict_of(build, number, fault)
        except SimulatorError as error:
            # A mutant may break the simulation in ways that no catalogue has: it hangs, or its logic never settles.
            return Kill("top", f"ends the simulation: {str(error).splitlines()[0]}")
        if verdict.noticed:
            return Kill("top", f"{verdict.noticed}: {verdict.evidence}")
    return None
