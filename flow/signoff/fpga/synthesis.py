"""Synthesis for ECP5 by Yosys, block by block, so that every cell has its block in its name."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from remora.flow.signoff.netlist import block_of, clean
from remora.flow.tools.yosys import run_yosys

NETLIST = "ecp5"
"""Name of the netlist for nextpnr, without its ending."""
GATES = "gates"
"""Name of the netlist for simulators, without its ending."""
COUNTED = {
    "LUT4": ("luts", 1),
    "CCU2C": ("luts", 2),
    "TRELLIS_DPR16X4": ("luts", 4),
    "TRELLIS_FF": ("flip_flops", 1),
    "DP16KD": ("block_memories", 1),
    "MULT18X18D": ("multipliers", 1),
}
"""Cell → resource that it takes, and how many. A memory of 16 × 4 bits takes two slices, of which two LUTs write."""


def synthesise(sources: Iterable[str], bodies: Iterable[str], top: str, folder: Path) -> dict[str, Any]:
    """Map a design to ECP5; returns the flat netlist as Yosys writes it in JSON.

    Writes ``ecp5.json`` for nextpnr and ``gates.v`` for simulators into ``folder``, with script and log.

    Args:
        sources: files in ``folder`` with the digital part. ``bodies``: with the macros.

    Raises:
        YosysError: Yosys refuses the design.
    """
    passes = [
        *(f"read_verilog -sv {name}" for name in sources),
        # Only with the parameters of an instance: those by default make a tile of a size that no design has.
        *(f'read_verilog -defer -sv -DSYNTHESIS -DREMORA_WORDS="." {name}' for name in bodies),
        f"hierarchy -check -top {top}",
        f"synth_ecp5 -top {top} -run begin:map_ram",
        # A word that an index picks becomes a tree of multiplexers, which takes half the LUTs of comparing the index.
        "pmux2shiftx -min_density 60",
        f"synth_ecp5 -top {top} -run map_ram:",
        "opt_clean -purge",
        "check -assert",
        f"write_json {NETLIST}.json",
        f"write_verilog -noattr {GATES}.v",
    ]
    run_yosys(passes, folder, NETLIST)
    return json.loads((folder / f"{NETLIST}.json").read_text(encoding="utf-8"))


def resources_by_block(document: Mapping[str, Any], top: str, blocks: Mapping[str, str]) -> dict[str, dict[str, int]]:
    """Resources by module of the design, those of its submodules apart; the largest first.

    Args:
        document: of `synthesise`. ``blocks``: path of every instance, with dots, → its module.
    """
    found: dict[str, dict[str, int]] = defaultdict(
        lambda: {"instances": 0, **dict.fromkeys((name for name, _ in COUNTED.values()), 0)}
    )
    for module in blocks.values():
        found[module]["instances"] += 1
    found[top]["instances"] = 1
    for name, cell in document["modules"][top]["cells"].items():
        if cell["type"] in COUNTED:
            resource, count = COUNTED[cell["type"]]
            found[blocks.get(block_of(clean(name), blocks), top)][resource] += count
    used = {module: each for module, each in found.items() if sum(each.values()) > each["instances"]}
    return dict(sorted(used.items(), key=lambda one: (-one[1]["luts"], one[0])))
