"""``remora mutate``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from remora.flow.report.console import JsonOption, check_results, console, progress, table, write_json

if TYPE_CHECKING:
    from remora.flow.faults.mutants.campaign import Outcomes

COUNT, SEED = 100, 1


def command(
    block: Annotated[str, typer.Argument(metavar="BLOCK|all", help="A block of the hardware, or all of them.")],
    count: Annotated[int, typer.Option(min=1, help="Mutants of each block; all where a block has fewer.")] = COUNT,
    seed: Annotated[int, typer.Option(min=0, help="Of the draw, and of the block's tests.")] = SEED,
    icarus: Annotated[
        bool, typer.Option("--icarus", help="Run the block's tests on Icarus Verilog, which compiles in no time.")
    ] = False,
    afresh: Annotated[
        bool, typer.Option("--afresh", help="Run blocks that tests/hdl/mutants.json knows too, and write it.")
    ] = False,
    json: JsonOption = None,
) -> None:
    """Mutate blocks with Yosys and see that their tests notice each mutant.

    Mutants that no test notices are compared with the block in every state that it reaches: those that behave the
    same are equivalent.
    Survivors are listed with their source lines. Exits with 1 where fewer than 95 % of the others are noticed, where a
    survivor has no reason in tests/hdl/survivors.toml, or where a reason is stale.

    It needs a checkout and pyosys (the extra signoff). What is known of a block is stored, and only blocks that changed
    run again. With the default count and seed a block that has run is written into tests/hdl/mutants.json.

    Examples: remora mutate decision · remora mutate all --json mutants.json
    """
    from remora.flow.faults.mutants.campaign import run_block
    from remora.flow.faults.mutants.recipe import ROOT, known_blocks
    from remora.flow.faults.mutants.store import Tracked
    from remora.flow.faults.mutants.survivors import read_survivors
    from remora.flow.report.provenance import provenance
    from remora.spec.lib.errors import CheckFailed, RemoraError
    from remora.spec.lib.extras import require_extra

    require_extra("remora mutate", "signoff")
    require_extra("remora mutate", "sim")
    check_results(json)
    path = ROOT / "tests" / "hdl" / "survivors.toml"
    known, explained = known_blocks(), read_survivors(path)
    if unknown := explained.keys() - set(known):
        raise RemoraError(f"{path}: there is no block {', '.join(sorted(unknown))}; those are: {', '.join(known)}")
    blocks = known if block == "all" else [block]
    tracked, complete = Tracked(path.with_name("mutants.json")), (count, seed) == (COUNT, SEED)
    outcomes, faults = [], []
    for name in blocks:
        try:
            with progress(f"mutating {name}", count, "mutants") as advance:
                before = None if afresh else tracked
                found = run_block(name, count, seed, advance, "icarus" if icarus else "verilator", before)
        except RemoraError as error:
            if len(blocks) == 1:
                raise
            # The others may have run for hours.
            faults.append(f"{name}: {error}")
            continue
        if complete:
            tracked.put(name, found.of, found.records)
        found.explained.update(explained.get(name, {}))
        outcomes.append(found)
        faults += _faults(found, complete)
    _show(outcomes)
    write_json(json, _result(outcomes, count) | provenance(seed))
    if faults:
        raise CheckFailed("; ".join(faults))


def _faults(found: Outcomes, complete: bool) -> list[str]:
    """What does not hold of a block; whether reasons are stale is known only of the default draw."""
    from remora.flow.faults.mutants.campaign import LEAST_KILLED
    from remora.flow.faults.mutants.survivors import stale

    faults = []
    if found.share_killed < LEAST_KILLED:
        faults.append(f"{found.block}: {found.share_killed:.1%} are noticed, fewer than {LEAST_KILLED:.0%}")
    if found.unexplained:
        keys = ", ".join(record.key for record in found.unexplained)
        faults.append(f"{found.block}: these survive and have no reason in tests/hdl/survivors.toml: {keys}")
    if complete and (old := stale(found.explained, {record.key for record in found.survivors})):
        faults.append(
            f"{found.block}: these have a reason in tests/hdl/survivors.toml and do not survive: {', '.join(old)}"
        )
    return faults


def _show(outcomes: list[Outcomes]) -> None:
    survivors = [(found, record) for found in outcomes for record in found.survivors]
    if survivors:
        shown = table("block", "survivor", "what it does", "where", "reason")
        for found, record in survivors:
            where = "\n".join(record.lines[:2])
            shown.add_row(found.block, record.key, record.does, where, found.explained.get(record.key, ""))
        console().print(shown)
    shown = table("block", ">mutants", ">equivalent", ">killed", ">survived", ">undecided", ">share killed")
    for found in outcomes:
        counts = [len(found.records), found.count("equivalent"), found.count("killed")]
        counts += [len(found.survivors), found.count("undecided")]
        shown.add_row(found.block, *map(str, counts), f"{found.share_killed:.1%}")
    console().print(shown)


def _result(outcomes: list[Outcomes], count: int) -> dict[str, Any]:
    """Counts over all blocks, and each block; undecided mutants are among those that survived."""

    def counts(found: list[Outcomes]) -> dict[str, int]:
        return {
            "mutants": sum(len(each.records) for each in found),
            "equivalent": sum(each.count("equivalent") for each in found),
            "killed": sum(each.count("killed") for each in found),
            "survived": sum(len(each.survivors) for each in found),
            "undecided": sum(each.count("undecided") for each in found),
        }

    blocks = {
        each.block: {
            **counts([each]),
            "survivors": [
                {
                    "mutant": record.key, "does": record.does, "lines": record.lines, "outcome": record.outcome,
                    "reason": each.explained.get(record.key),
                }
                for record in each.survivors
            ],
        }
        for each in outcomes
    }  # fmt: skip
    return {**counts(outcomes), "count": count, "blocks": blocks}
