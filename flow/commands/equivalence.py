"""``remora equivalence``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from remora.flow.report.console import JsonOption, check_results, console, progress, table, write_json
from remora.flow.systems.system_options import HELP

if TYPE_CHECKING:
    from remora.flow.signoff.equivalence.compare import Verdict


def command(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help=HELP)],
    json: JsonOption = None,
) -> None:
    """Prove that the netlist of standard cells does what the Verilog does, block by block.

    Every block is mapped by itself, as `remora simulate --gates` has it. Yosys cuts both sides of it at flip-flops and
    at the instances in it, and ABC proves that all functions between the cuts are equal, for every input and every
    state. Exits with 1 where a block differs or is not decided.

    It needs pyosys (the extra signoff) and the cells: sudo apt install qflow-tech-osu018

    Example: remora equivalence tiny --json tiny.json
    """
    from dataclasses import asdict

    from remora.flow.report.notes import say_notes
    from remora.flow.report.provenance import provenance
    from remora.flow.signoff.equivalence.compare import Source, compare_blocks
    from remora.flow.signoff.gates import gates_of
    from remora.flow.systems.registry import system_of
    from remora.flow.tools.opensta import find_cells
    from remora.flow.verify.simulation import generate_for
    from remora.spec.lib.errors import CheckFailed
    from remora.spec.lib.extras import require_extra
    from remora.spec.lib.section import Design
    from remora.spec.presets import load_design

    require_extra("remora equivalence", "signoff")
    check_results(json, beside=[config])
    find_cells()
    design = load_design(config, Design)
    say_notes(design)
    generated = generate_for(system_of(design).parts(design, None))
    with console(stderr=True).status("mapping every block to standard cells"):
        gates = gates_of(generated)
    with progress("proving", len(gates.counts), "blocks") as advance:
        verdicts = compare_blocks(Source.of(generated), gates, advance)
    _show(verdicts)
    lone = [verdict for verdict in verdicts if verdict.status != "proven"]
    result: dict[str, Any] = {
        "design": design.name,
        "design_hash": design.hash,
        "cells": gates.cells,
        **{status: sum(each.status == status for each in verdicts) for status in ("proven", "differs", "undecided")},
        "blocks": [asdict(verdict) for verdict in verdicts],
    }
    write_json(json, result | provenance())
    if lone:
        raise CheckFailed(f"{len(lone)} of {len(verdicts)} blocks are not proven: {', '.join(v.block for v in lone)}")
    console().print(f"[bold green]netlist and Verilog are proven equal in all {len(verdicts)} blocks[/]")


def _show(verdicts: list[Verdict]) -> None:
    """A row a block, and why one is not proven."""
    shown = table("block", ">cells", ">functions", ">flip-flops", ">removed", ">s", "")
    for each in verdicts:
        style = "green" if each.status == "proven" else "bold red"
        counts = each.cells, each.outputs, each.states, each.removed
        shown.add_row(each.block, *(f"{count:,}" for count in counts), f"{each.seconds:.1f}", each.status, style=style)
    console().print(shown)
    for each in verdicts:
        if each.why:
            console().print(f"[bold red]{each.block}: {each.why}[/]")
