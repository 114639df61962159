"""Synthesis and timing of a design point, from its parts to the figures."""

from __future__ import annotations

import importlib.metadata
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

from remora.flow.generate.macros.assumptions import ASSUMPTIONS, Assumptions
from remora.flow.generate.macros.liberty import area, liberty
from remora.flow.generate.macros.shapes import find_macros
from remora.flow.generate.parts import Parts
from remora.flow.signoff.cells import read_cells
from remora.flow.signoff.netlist import Netlist
from remora.flow.signoff.pins import fanout, gated_share, macro_inputs
from remora.flow.signoff.synthesis import MACROS_FILE, Hierarchy, Job, synthesise, write_gates, write_netlist
from remora.flow.signoff.timing import Timing, TimingPath, analyse
from remora.flow.tools.opensta import find_cells, find_opensta
from remora.flow.tools.result_folder import folder_result
from remora.flow.tools.yosys import yosys_version
from remora.hdl.lib.verilog import TOP_NAME, convert
from remora.spec.lib.files import write_bytes, write_text

MANIFEST = "remora_synth.sha256"
GATES = "gates"
"""Name of the netlist for simulators, without its ending."""
DIGITS = 3


@dataclass(frozen=True)
class Made:
    """A netlist with its timing."""

    netlist: Netlist
    timing: Timing
    seconds: float


def synthesise_design(
    parts: Parts,
    *,
    flat_only: bool = False,
    directory: Path | None = None,
    force: bool = False,
    assumptions: Assumptions = ASSUMPTIONS,
) -> dict[str, Any]:
    """Synthesise and time a design point; returns the figures for JSON.

    Args:
        parts: of the design point.
        flat_only: leave the hierarchical netlist out, and with it what each block costs.
        directory: where scripts, libraries, netlists, constraints and reports go, and ``gates.v``, which simulators
            read; None for nowhere.
        force: replace files there that a person wrote or changed.

    Raises:
        MissingExtra, TimingError: a tool is missing; or OpenSTA did not read a netlist whole.
        YosysError, NetlistError, MacroError: the design cannot be mapped, or a macro is not described.
        FolderError: ``directory`` holds what only ``force`` replaces.
    """
    tools, cells = _tools(), find_cells()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="remora-synth-")))
        if directory is not None:
            folder = stack.enter_context(folder_result(directory, force=force, manifest=MANIFEST))
        netlist = convert(parts.top(), TOP_NAME)
        macros = find_macros(parts, netlist)
        source = f"{TOP_NAME}.v"
        write_text(folder / source, netlist.verilog)
        blocks = {path: module for path, module in netlist.library.instances(TOP_NAME) if path not in macros.instances}
        boxes = [f"{name}_blackbox.v" for name in parts.macros]
        for name in boxes:
            write_bytes(folder / name, parts.source(name).read_bytes())
        kinds = [Hierarchy.FLAT, *([] if flat_only else [Hierarchy.HIERARCHICAL])]
        job = Job([source], boxes, TOP_NAME, macros, blocks, cells, folder, assumptions)
        made = {kind: make(job, kind) for kind in kinds}
        if directory is not None:
            write_gates(made[Hierarchy.FLAT].netlist, job, GATES)
    return (
        {"name": parts.design.name, "design_hash": parts.design.hash}
        | figures(made[Hierarchy.FLAT], assumptions)
        | _owners(made.get(Hierarchy.HIERARCHICAL), assumptions)
        | {"assumptions": asdict(assumptions), "tools": tools}
    )


def make(job: Job, hierarchy: Hierarchy) -> Made:
    """Map a design, write its netlist and time it; errors as of `synthesise` and `analyse`."""
    start = monotonic()
    write_text(job.folder / MACROS_FILE, liberty(job.macros.shapes.values(), job.assumptions))
    netlist = synthesise(job, hierarchy)
    write_netlist(netlist, job.cells, job.folder, hierarchy.value)
    timing = analyse(netlist, job.cells, job.folder, hierarchy.value, job.assumptions)
    return Made(netlist, timing, monotonic() - start)


def figures(made: Made, assumptions: Assumptions) -> dict[str, Any]:
    """Figures of a netlist."""
    netlist, timing = made.netlist, made.timing
    inputs, sinks = macro_inputs(netlist), fanout(netlist)
    memories = _memories(netlist, assumptions)
    return {
        "mhz": round(timing.mhz, DIGITS),
        "worst_path": describe(timing.setup),
        "hold_slack_ns": timing.hold.slack,
        "hold_path": describe(timing.hold),
        "area_um2": _logic_area(netlist, assumptions),
        "memory_area_um2": round(sum(memory["area_um2"] * memory["count"] for memory in memories.values()), 1),
        "cells": len(netlist.cells),
        "flip_flops": sum(1 for _ in netlist.flip_flops()),
        "gated_share": gated_share(netlist),
        "registered_macro_inputs": inputs.share,
        "macro_inputs": {"wanted": inputs.wanted, "registered": inputs.registered, "tied": inputs.tied},
        "unregistered_inputs": list(inputs.others),
        "exempt_inputs": list(inputs.exempt),
        "max_fanout": sinks.most,
        "max_fanout_net": sinks.net,
        "clock_fanout": sinks.clocks,
        "reset_fanout": sinks.reset,
        "memories": memories,
        "seconds": round(made.seconds, 1),
    }


def describe(path: TimingPath) -> dict[str, Any]:
    """A path for JSON: where it begins and ends, its blocks in order, its slack and number of cells."""
    return {
        "from": path.steps[0].pin,
        "to": path.steps[-1].pin,
        "blocks": list(path.blocks),
        "slack_ns": path.slack,
        "pins": len(path.steps),
    }


def _owners(made: Made | None, assumptions: Assumptions) -> dict[str, Any]:
    """What each block costs, and the path of the netlist that keeps the blocks apart."""
    if made is None:
        return {"area_by_block": None, "hierarchical": None}
    netlist = made.netlist
    found: dict[str, dict[str, float]] = defaultdict(lambda: {"instances": 0, "area_um2": 0.0, "flip_flops": 0})
    for module in netlist.blocks.values():
        found[module]["instances"] += 1
    found[netlist.top]["instances"] = 1
    for name, cell in netlist.cells.items():
        if counted := _cell_area(netlist, cell["type"], assumptions):
            block = found[netlist.blocks.get(netlist.block_of(name), netlist.top)]
            block["area_um2"] += counted
            block["flip_flops"] += netlist.is_flip_flop(cell["type"])
    hierarchical = {
        key: figures(made, assumptions)[key] for key in ("mhz", "worst_path", "area_um2", "cells", "seconds")
    }
    ordered = sorted(found.items(), key=lambda one: (-one[1]["area_um2"], one[0]))
    return {"area_by_block": dict(ordered), "hierarchical": hierarchical}


def _logic_area(netlist: Netlist, assumptions: Assumptions) -> float:
    return round(sum(_cell_area(netlist, cell["type"], assumptions) for cell in netlist.cells.values()), 1)


def _cell_area(netlist: Netlist, cell_type: str, assumptions: Assumptions) -> float:
    """µm² of a standard cell or a clock gate; 0 of a macro."""
    if cell_type in netlist.library:
        return netlist.library[cell_type].area
    shape = netlist.macros.shapes[cell_type]
    return 0.0 if shape.bits else area(shape, assumptions)


def _memories(netlist: Netlist, assumptions: Assumptions) -> dict[str, dict[str, float]]:
    """Memories by shape: how many there are, and of each the bits and the area."""
    shapes = netlist.macros.shapes
    found: dict[str, dict[str, float]] = {}
    for cell in netlist.macros.instances.values():
        if shapes[cell].bits:
            one = {"count": 0, "bits": shapes[cell].bits, "area_um2": area(shapes[cell], assumptions)}
            found.setdefault(cell, one)["count"] += 1
    return found


def _tools() -> dict[str, str]:
    """Versions of the tools, each looked for.

    Raises:
        MissingExtra, TimingError: one is missing.
    """
    cells = find_cells()
    return {
        "yosys": yosys_version(),
        "opensta": find_opensta().version,
        "cells": f"{cells.name}, {len(read_cells(cells))} cells, typical, 1.8 V, 25 °C",
        "remora": importlib.metadata.version("remora"),
    }
