"""``remora fpga``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from remora.flow.report.console import JsonOption, check_results, console, table, write_json
from remora.flow.systems.system_options import HELP


def command(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help=HELP)],
    json: JsonOption = None,
    checkpoint: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Weights that the bitstream holds; else the initial ones.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="Keep netlists, scripts, logs and bitstream in DIR."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace files in DIR that you wrote or changed there.")
    ] = False,
    seed: Annotated[int, typer.Option(metavar="N", min=1, help="Seed of placement.")] = 1,
    synthesis_only: Annotated[
        bool,
        typer.Option("--synthesis-only", help="Neither place nor route: resources by block, in a fifth of the time."),
    ] = False,
    baseline: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Compare with the figures in FILE; exits with 1 where one is worse."),
    ] = None,
    store: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the figures to FILE, for --baseline.")
    ] = None,
) -> None:
    """Fit a design point into an FPGA of the family ECP5: resources, clock after routing, sequences a second.

    Digital crossbars of multipliers and block memory take the place of the macros. Their codes and pulses are those of
    ideal devices, bit for bit. Yosys maps the design to a LFE5U-85F, and nextpnr places and routes it. The bitstream
    holds the weights.

    It needs the extra fpga: pip install 'remora[fpga]'

    Example: remora fpga tiny --json tiny.json -o fpga
    """
    from remora.flow.report.notes import say_notes
    from remora.flow.report.provenance import provenance
    from remora.flow.signoff.baseline import FPGA, compare
    from remora.flow.signoff.baseline import store as write_baseline
    from remora.flow.signoff.fpga.result import figures, fit_design
    from remora.flow.systems.registry import system_of
    from remora.spec.lib.errors import RemoraError
    from remora.spec.lib.extras import require_extra
    from remora.spec.lib.section import Design
    from remora.spec.presets import load_design

    require_extra("remora fpga", "fpga")
    if synthesis_only and (baseline or store):
        raise RemoraError("--baseline and --store are about figures after routing: leave out --synthesis-only")
    check_results(json, store, beside=[config, output, checkpoint, baseline])
    design = load_design(config, Design)
    say_notes(design)
    system = system_of(design)
    content = system.load_content(design, checkpoint)
    bodies = system.fpga_bodies(design, content)
    with console(stderr=True).status(f"fitting {design.name}"):
        result = fit_design(
            system.parts(design, content), bodies, route=not synthesis_only, seed=seed, directory=output, force=force
        )
    result |= provenance()
    _show(result)
    write_json(json, result)
    if baseline is not None:
        for name, stored, found in compare(FPGA, baseline, figures(result)):
            console().print(f"{name}: {found}, stored {stored}")
    if store is not None:
        write_baseline(FPGA, store, figures(result))


def _show(result: dict[str, Any]) -> None:
    """The figures for a person."""
    if "mhz" in result:
        shown = table(f"{result['device']}, grade {result['speed_grade']}", ">figure", "")
        shown.add_row("clock", f"{result['mhz']:.1f} MHz", f"after routing, seed {result['seed']}")
        path = result["worst_path"]
        shown.add_row("longest path", f"{path['ns']:.1f} ns", " → ".join(block or "top" for block in path["blocks"]))
        for name, each in result["resources"].items():
            share = f"{each['used'] / each['there']:.1%} of {each['there']:,}"
            shown.add_row(name.replace("_", " "), f"{each['used']:,}", share)
        for kind, rate in result["sequences_per_second"].items():
            cycles = f"{result['sequence_cycles'][kind]:,} cycles each"
            shown.add_row(f"{kind.replace('_', ' ')} a second", f"{rate:,.0f}", cycles)
        console().print(shown)
    blocks = table("block", ">instances", ">LUTs", ">flip-flops", ">block memories", ">multipliers")
    for name, each in list(result["by_block"].items())[:MOST_BLOCKS]:
        blocks.add_row(name, *(f"{count:,}" for count in each.values()))
    console().print(blocks)


MOST_BLOCKS = 12
"""Blocks that are shown; the JSON has all."""
