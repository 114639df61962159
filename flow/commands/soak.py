"""``remora soak``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from remora.flow.report.console import JsonOption, check_results, console, table, write_json

if TYPE_CHECKING:
    from remora.flow.verify.soak.engine import Outcome

FAILURES = Path("soak-failures")


def command(
    minutes: Annotated[float, typer.Option(min=0, help="How long; one design point is run at least.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="Of all that is drawn.")] = 1,
    points: Annotated[int | None, typer.Option(min=1, help="Design points at the most.")] = None,
    log: Annotated[
        Path | None, typer.Option(help="File of what was soaked: what agreed counts, and is not run again.")
    ] = None,
    failures: Annotated[Path, typer.Option(help="Folder in which each failure is saved.")] = FAILURES,
    repeat: Annotated[Path | None, typer.Option(metavar="DIR", help="Run a saved failure again, and no more.")] = None,
    json: JsonOption = None,
) -> None:
    """Soak: random legal design points and random traffic, hardware against golden and against a third reading.

    The third reading is a plain model that was written from the reference alone. A failure is shrunk and saved in a
    folder, with the command that repeats it. Exits with 1 where something differs or nothing was compared.

    Examples: remora soak --minutes 60 --seed 7 --log soak.jsonl --json soak.json · remora soak --repeat
    soak-failures/0123456789abcdef
    """
    from remora.flow.report.provenance import provenance
    from remora.flow.systems.registry import systems
    from remora.flow.verify.soak.campaign import Campaign
    from remora.flow.verify.soak.log import Log
    from remora.spec.lib.errors import CheckFailed
    from remora.spec.lib.extras import require_extra

    require_extra("remora soak", "sim")
    check_results(json, log, beside=[failures, *([repeat] if repeat else [])])
    soakers = {name: soaker for name, system in systems().items() if (soaker := system.soaker())}
    if repeat:
        outcome, seed = _repeat(soakers, repeat)
        values = outcome.golden_values + outcome.third_values
        counted = {"cycles": outcome.cycles, "values_compared": values, "mismatches": outcome.mismatches}
        write_json(json, counted | {"failures": int(bool(outcome.failure))} | provenance(seed))
        if outcome.failure:
            raise CheckFailed(f"{repeat}: it fails still: {outcome.failure}")
        console().print(f"{repeat}: it agrees now; {values:,} values compared in {outcome.cycles:,} cycles")
        return
    origin, kept = provenance(seed), Log(log)
    campaign = Campaign(soakers, seed, kept, failures, origin["commit"], say=lambda line: console().print(line))
    found = campaign.run(60 * minutes, points)
    result = kept.totals()
    shown = table("what", ">count")
    for name in ("points", "runs", "cycles", "values_compared", "third_values_compared", "mismatches", "failures"):
        shown.add_row(name.replace("_", " "), f"{result[name]:,}")
    console().print(shown)
    write_json(json, result | {"saved": [str(folder) for folder in found]} | origin)
    if result["failures"] or not result["values_compared"]:
        folders = ", ".join(map(str, found)) or "an earlier soak"
        raise CheckFailed(f"{result['failures']} runs failed; see {folders}")


def _repeat(soakers: dict[str, Any], folder: Path) -> tuple[Outcome, int]:
    """What a saved failure gives now, and the seed of its traffic.

    Raises:
        RemoraError: there is none, or its system is not installed.
    """
    from remora.flow.verify.soak.campaign import saved_point
    from remora.flow.verify.soak.engine import repeat
    from remora.spec.lib.errors import RemoraError

    point = saved_point(folder)
    if point.system not in soakers:
        raise RemoraError(f"{folder}: it is of the system {point.system}, which is not installed or is not soaked")
    return repeat(soakers[point.system], point), int(point.traffic["seed"])
