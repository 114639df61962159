"""``remora sweep``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from remora.flow.report.console import JsonOption, check_results, console, table, write_json
from remora.flow.sweep.options import ClusterOption, CoresOption, cores, workers_of
from remora.spec.lib.errors import CheckFailed


def command(
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="TOML file that says what varies and what is measured.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Where results and finished work go.")
    ] = Path("build/sweep"),
    jobs: CoresOption = None,
    cluster: ClusterOption = None,
    json: JsonOption = None,
) -> None:
    """Measure many design points: a grid, a list or a Latin hypercube of any fields, by any metric, in parallel.

    The command stores finished work in DIR by its content and does not repeat it: run it again to resume a sweep. It
    does work again whose process dies. A design point that is refused is a row with the reason.

    DIR gets results.csv, results.parquet, sweep.json and, where the plan weighs columns against each other, the Pareto
    front as a chart. The command exits with 1 where a unit failed, or none was done.

    Example: remora sweep plan.toml -o adc --jobs 2 --json adc.json
    """
    from remora.flow.sweep.plan import read_plan
    from remora.flow.sweep.run import FILES, run_sweep
    from remora.spec.lib.extras import require_extra
    from remora.spec.lib.section import Design
    from remora.spec.presets import load_design

    read, workers = read_plan(plan), workers_of(jobs, cluster, cores())
    require_extra("remora sweep", "sweep", *(["plot"] if read.pareto else []))
    check_results(json, *(output / name for name in FILES), beside=[plan, read.config])
    result = run_sweep(read, load_design(read.config, Design), output, workers)
    shown = table("points", ">units", ">done", ">of them earlier", ">refused", ">failed", title=f"Sweep of {plan}")
    shown.add_row(*(f"{result[name]:,}" for name in ("points", "units", "done", "earlier", "refused", "failed")))
    console().print(shown)
    console().print(f"results: {', '.join(str(output / name) for name in result['files'])}", soft_wrap=True)
    write_json(json, result)
    if result["failed"] or not result["done"]:
        raise CheckFailed(
            f"of {result['units']} units {result['failed']} failed and {result['refused']} are refused; the first: "
            f"{result['first_reason']}; {output / FILES[0]} has all reasons"
        )
