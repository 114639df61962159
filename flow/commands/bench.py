"""``remora bench``."""

from __future__ import annotations

from typing import Annotated

import typer

from remora.flow.report.console import JsonOption, check_results, console, table, write_json
from remora.flow.systems.options import BenchOptions
from remora.flow.systems.system_options import Chosen, design_command
from remora.spec.lib.extras import require_extra


@design_command("bench", BenchOptions, config="mnist", extra="sim")
def command(
    chosen: Chosen,
    sweeps: Annotated[bool, typer.Option("--sweeps", help="Measure sweeps instead, those of tiny.")] = False,
    json: JsonOption = None,
) -> None:
    """Measure the figures that the project promises, and print them as JSON on standard output.

    These are cycles a step, the speed of simulation with and without comparison and against plain C++, of builds, and
    of golden. The command measures compared figures in turn, in one run. It reports a figure that misses its bound,
    which is no error, because machines differ.

    Example: remora bench --json bench.json
    """
    import json as json_module

    from remora.flow.report.notes import say_notes
    from remora.flow.report.provenance import provenance

    screen, design = console(stderr=True), chosen.design
    say_notes(design)
    check_results(json, beside=[chosen.config])

    def say(what: str) -> None:
        screen.print(f"measuring {what}")

    if sweeps:
        require_extra("remora bench --sweeps", "sweep")
        from remora.flow.sweep.bench import benchmark

        measured = benchmark(chosen.options.repeats, say)
    else:
        measured = chosen.system.benchmark(design, chosen.options, say)
    result = measured | provenance()
    shown = table("target", ">measured", ">bound", "")
    for target in result["targets"]:
        verdict = "[green]met[/]" if target["met"] else "[bold red]missed[/]"
        shown.add_row(target["name"], f"{target['value']:.4g}", f"{target['relation']} {target['bound']:.4g}", verdict)
    screen.print(shown)
    print(json_module.dumps(result, indent=2))
    write_json(json, result)
