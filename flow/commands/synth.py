"""``remora synth``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from remora.flow.report.console import JsonOption, check_results, console, table, write_json
from remora.flow.systems.system_options import HELP


def command(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help=HELP)],
    json: JsonOption = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="DIR", help="Keep netlists, Liberty, constraints, scripts and reports in DIR."
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace files in DIR that you wrote or changed there.")
    ] = False,
    flat: Annotated[
        bool, typer.Option("--flat", help="Only the flat netlist, in half the time: no area by block.")
    ] = False,
    baseline: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Compare with the figures in FILE; exits with 1 where one is worse."),
    ] = None,
    store: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the figures to FILE, for --baseline.")
    ] = None,
) -> None:
    """Synthesise to 180 nm standard cells: area, flip-flops and timing, typical, pre-layout.

    Yosys maps the digital part to the OSU cells, and OpenSTA times it. Macros and memories are Liberty abstracts made
    from the design point. All assumptions are in the JSON. The flat netlist gives the figures; a second one, whose
    blocks are optimised apart, tells what each block costs and which blocks a path crosses.

    It needs pyosys (the extra signoff), OpenSTA and the cells: sudo apt install opensta qflow-tech-osu018

    Example: remora synth tiny --json tiny.json -o synth
    """
    from remora.flow.report.notes import say_notes
    from remora.flow.report.provenance import provenance
    from remora.flow.signoff.baseline import SYNTHESIS, compare
    from remora.flow.signoff.baseline import store as write_baseline
    from remora.flow.signoff.result import synthesise_design
    from remora.flow.systems.registry import system_of
    from remora.spec.lib.extras import require_extra
    from remora.spec.lib.section import Design
    from remora.spec.presets import load_design

    require_extra("remora synth", "signoff")
    check_results(json, store, beside=[config, output, baseline])
    design = load_design(config, Design)
    say_notes(design)
    parts = system_of(design).parts(design, None)
    with console(stderr=True).status(f"synthesising {design.name}"):
        result = synthesise_design(parts, flat_only=flat, directory=output, force=force)
    result |= provenance()
    _show(result)
    write_json(json, result)
    if baseline is not None:
        for name, stored, found in compare(SYNTHESIS, baseline, result):
            console().print(f"{name}: {found}, stored {stored}")
    if store is not None:
        write_baseline(SYNTHESIS, store, result)


def _show(result: dict[str, Any]) -> None:
    """The figures for a person."""
    shown = table("typical, pre-layout", ">figure", "")
    path = result["worst_path"]
    shown.add_row("clock", f"{result['mhz']:.1f} MHz", " → ".join(block or "top" for block in path["blocks"]))
    shown.add_row("area, memories apart", f"{result['area_um2'] / 1e6:.3f} mm²", f"{result['cells']:,} cells")
    shown.add_row("area of memories", f"{result['memory_area_um2'] / 1e6:.3f} mm²", ", ".join(result["memories"]))
    shown.add_row("flip-flops", f"{result['flip_flops']:,}", f"{result['gated_share']:.1%} behind a clock gate")
    share = result["registered_macro_inputs"]
    inputs = result["macro_inputs"]
    if share is not None:
        bits = f"{inputs['registered']:,} of {inputs['wanted']:,} bits"
        shown.add_row("macro inputs from flip-flops", f"{share:.1%}", bits)
    shown.add_row("largest fan-out", str(result["max_fanout"]), result["max_fanout_net"])
    shown.add_row("hold slack", f"{result['hold_slack_ns']:.2f} ns", "ideal clock")
    console().print(shown)
    if result["area_by_block"]:
        blocks = table("block", ">instances", ">mm²", ">flip-flops")
        for name, block in list(result["area_by_block"].items())[:MOST_BLOCKS]:
            blocks.add_row(name, str(block["instances"]), f"{block['area_um2'] / 1e6:.3f}", f"{block['flip_flops']:,}")
        console().print(blocks)


MOST_BLOCKS = 12
"""Blocks that are shown; the JSON has all."""
