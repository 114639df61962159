"""A design point on an FPGA, from its parts to the figures."""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Mapping
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

from remora.flow.generate.bodies import Bodies
from remora.flow.generate.parts import Parts
from remora.flow.signoff.fpga.device import LARGEST, RESOURCES
from remora.flow.signoff.fpga.synthesis import NETLIST, resources_by_block, synthesise
from remora.flow.signoff.netlist import block_of, clean
from remora.flow.tools.nextpnr import nextpnr_version, run_nextpnr
from remora.flow.tools.result_folder import folder_result
from remora.flow.tools.yosys import yosys_version
from remora.hdl.lib.verilog import TOP_NAME, convert
from remora.spec.lib.files import write_bytes, write_text

MANIFEST = "remora_fpga.sha256"
BLOCKS = Path(__file__).parent / "ecp5_blocks.v"
"""Models of block memory and multiplier, for who simulates the netlist."""
DIGITS = 3
TARGET_MHZ = 50.0
"""Clock that placement aims at. A lower one is a figure, not an error."""
TIMING_WEIGHT = 60
"""Weight of critical wires in the placement, beside 1 for all."""


def fit_design(
    parts: Parts,
    bodies: Bodies,
    *,
    route: bool = True,
    seed: int = 1,
    directory: Path | None = None,
    force: bool = False,
) -> dict[str, Any]:
    """Synthesise a design point for an FPGA, place and route it; returns the figures for JSON.

    Args:
        parts, bodies: of the design point.
        route: place and route; without, the figures are those of synthesis.
        seed: of placement.
        directory: where netlists, scripts, logs and bitstream go; None for nowhere.
        force: replace files there that a person wrote or changed.

    Raises:
        MissingExtra: a tool is missing.
        YosysError, NextpnrError: the design cannot be mapped, or does not fit.
        FolderError: ``directory`` holds what only ``force`` replaces.
    """
    tools = {"yosys": yosys_version(), "nextpnr": nextpnr_version(), "remora": importlib.metadata.version("remora")}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="remora-fpga-")))
        if directory is not None:
            folder = stack.enter_context(folder_result(directory, force=force, manifest=MANIFEST))
        start = monotonic()
        netlist = convert(parts.top(), TOP_NAME)
        source = f"{TOP_NAME}.v"
        write_text(folder / source, netlist.verilog)
        for path in bodies.files:
            write_bytes(folder / path.name, path.read_bytes())
        write_bytes(folder / BLOCKS.name, BLOCKS.read_bytes())
        for name, text in bodies.words.items():
            write_text(folder / f"{name}.words", text)
        document = synthesise([source], [path.name for path in bodies.files], TOP_NAME, folder)
        blocks = dict(netlist.library.instances(TOP_NAME))
        result: dict[str, Any] = {
            "name": parts.design.name,
            "design_hash": parts.design.hash,
            "device": LARGEST.name,
            "speed_grade": LARGEST.speed,
            "by_block": resources_by_block(document, TOP_NAME, blocks),
            "tiles": {name: dict(shape) for name, shape in bodies.shapes.items()},
            "sequence_cycles": dict(bodies.sequence_cycles),
            "seconds": {"synthesis": round(monotonic() - start, 1)},
            "tools": tools,
        }
        if route:
            start = monotonic()
            result |= _routed(folder, seed, bodies, blocks)
            result["seconds"]["place_and_route"] = round(monotonic() - start, 1)
            if directory is not None:
                run_nextpnr([f"{NETLIST}.config", f"{NETLIST}.bit"], folder, "ecppack", "ecppack")
    return result


def figures(result: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored of a result after routing: the clock, and each resource that is used."""
    return {
        **{name: result[name] for name in ("name", "tools", "mhz")},
        **{name: each["used"] for name, each in result["resources"].items()},
    }


def _routed(folder: Path, seed: int, bodies: Bodies, blocks: Mapping[str, str]) -> dict[str, Any]:
    """Figures after routing: resources, the clock, and sequences a second at that clock."""
    arguments = [
        LARGEST.option, "--speed", str(LARGEST.speed), "--package", LARGEST.package, "--json", f"{NETLIST}.json",
        "--textcfg", f"{NETLIST}.config", "--report", "report.json", "--freq", f"{TARGET_MHZ:g}", "--seed", str(seed),
        # Tiles, memories and multipliers pull what lies between them apart: by the weight that nextpnr gives critical
        # wires by itself, 10, `tiny` is a tenth slower.
        "--placer-heap-timingweight", str(TIMING_WEIGHT),
        # Which pin a port takes is up to the board.
        "--lpf-allow-unconstrained", "--timing-allow-fail",
    ]  # fmt: skip
    run_nextpnr(arguments, folder, "nextpnr")
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    # One clock: the design has no other.
    ((name, clock),) = report["fmax"].items()
    mhz = round(clock["achieved"], DIGITS)
    return {
        "mhz": mhz,
        "target_mhz": TARGET_MHZ,
        "seed": seed,
        "worst_path": _worst_path(report, name, blocks),
        "resources": {
            name: {
                "used": report["utilization"][resource]["used"],
                "there": report["utilization"][resource]["available"],
            }
            for resource, name in RESOURCES.items()
        },
        "sequences_per_second": {kind: round(mhz * 1e6 / cycles, 1) for kind, cycles in bodies.sequence_cycles.items()},
    }


def _worst_path(report: Mapping[str, Any], clock: str, blocks: Mapping[str, str]) -> dict[str, Any]:
    """The path that limits the clock: where it begins and ends, its delays, and the blocks that it crosses in turn."""
    (path,) = (one["path"] for one in report["critical_paths"] if one["from"] == one["to"] == f"posedge {clock}")
    cells = [clean(path[0]["from"]["cell"]), *(clean(part["to"]["cell"]) for part in path)]
    # Parts of a carry chain that nextpnr splits have names of their own.
    cells = [cell for cell in cells if not cell.startswith("$nextpnr")]
    return {
        "from": cells[0],
        "to": cells[-1],
        "ns": round(sum(part["delay"] for part in path), DIGITS),
        "routing_ns": round(sum(part["delay"] for part in path if part["type"] == "routing"), DIGITS),
        "blocks": [block for block, _ in groupby(block_of(cell, blocks) for cell in cells)],
    }
