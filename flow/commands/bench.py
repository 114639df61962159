"""``remora bench``."""

from __future__ import annotations

from typing import Annotated

import typer

from remora.flow.report.console import JsonOption, check_results, console, table, write_json
from remora.spec.lib.extras import require_extra


def command(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help="Name of a preset, or a TOML file.")] = "mnist",
    sequences: Annotated[int, typer.Option(min=1, help="Sequences to simulate each time.")] = 100,
    repeats: Annotated[int, typer.Option(min=1, help="Times each figure is measured; medians are reported.")] = 3,
    json: JsonOption = None,
) -> None:
    """Measure what the project promises, and print the result as JSON on standard output.

    Cycles a step, speed of simulation with and without comparison and against plain C++, builds, and golden. Compared
    figures are measured in turn, in one run. A promise that is not kept is reported, not an error: machines differ.

    Example: remora bench --json bench.json
    """
    require_extra("remora bench", "sim")
    import json as json_module

    from remora.flow.report.notes import say_notes
    from remora.flow.report.provenance import provenance
    from remora.flow.systems.crossbar.bench import benchmark
    from remora.spec.presets import load_design

    screen, design = console(stderr=True), load_design(config)
    say_notes(design)
    check_results(json, beside=[config])
    result = benchmark(design, sequences, repeats, lambda what: screen.print(f"measuring {what}")) | provenance()
    shown = table("target", ">measured", ">bound", "")
    for target in result["targets"]:
        verdict = "[green]met[/]" if target["met"] else "[bold red]missed[/]"
        shown.add_row(target["name"], f"{target['value']:.4g}", f"{target['relation']} {target['bound']:.4g}", verdict)
    screen.print(shown)
    print(json_module.dumps(result, indent=2))
    write_json(json, result)
