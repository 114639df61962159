"""Synthesis: from the Verilog of a design to cells of the library, by Yosys.

A netlist is made in one of three ways. `Hierarchy.FLAT` joins all blocks before it optimises, which gives the figures.
`Hierarchy.HIERARCHICAL` optimises each block by itself and joins them at the end, so that every cell has the block that
it came from in its name: that tells what a block costs, and which blocks a path crosses. `Hierarchy.BLOCKS` never joins
them: each stays a module with all its ports, which simulators and proofs look at.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from remora.flow.generate.macros.assumptions import Assumptions
from remora.flow.generate.macros.shapes import Macros
from remora.flow.signoff.buffering import buffer_fanout
from remora.flow.signoff.cells import StandardCell, read_cells
from remora.flow.signoff.clock_gates import BLACKBOX, MODEL, gate_clocks
from remora.flow.signoff.netlist import Netlist, NetlistError, clean
from remora.flow.tools.yosys import run_yosys
from remora.hdl.lib.reset_tree import LOCAL
from remora.spec.lib.files import write_text


class Hierarchy(Enum):
    """When blocks are joined."""

    FLAT = "flat"
    HIERARCHICAL = "hierarchical"
    BLOCKS = "blocks"


MACROS_FILE = "macros.lib"
_GATE_FILE = "clock_gate.v"
_MUX_FILE = Path(__file__).parent / "one_hot_mux.v"
# `abc -liberty -D` alone neither buffers nor sizes: its own script does. Without `-l`, `dc2` saves area and makes
# chains of carries, which halves the speed of a counter of 48 bits. `amap` takes a fifth less area than `map`, and a
# fifth more time. A second round takes a little more.
_ABC = """\
strash
ifraig
scorr
balance
rewrite
refactor
balance
rewrite
rewrite -z
balance
refactor -z
rewrite -z
balance
dc2 -l
strash
dch
amap -m
strash
dch
amap -m
topo
buffer -c -p -N 16
upsize -D {target}
dnsize -D {target}
"""
_TARGET = 0.5
"""Share of the period that gates between registers are optimised for: macros, wires and setup take from it."""
# `booth` takes a tenth off a lane of the MiRU cell.
_GENERIC = (
    "opt",
    "wreduce",
    "peepopt",
    "opt_clean",
    "booth",
    "alumacc",
    "share",
    "opt",
    "memory",
    "opt -fast",
    "fsm",
    "opt",
)


@dataclass(frozen=True)
class Job:
    """What is synthesised, and where.

    Attributes:
        sources, blackboxes: names of files in ``folder``: Verilog of the design, and of the macros.
        top: name of the top module.
        macros: of the design.
        blocks: path of every instance, with dots, → its module.
        cells: Liberty of the standard cells.
        folder: an existing folder.
        assumptions: what timing assumes.
    """

    sources: Sequence[str]
    blackboxes: Sequence[str]
    top: str
    macros: Macros
    blocks: Mapping[str, str]
    cells: Path
    folder: Path
    assumptions: Assumptions


def synthesise(job: Job, hierarchy: Hierarchy) -> Netlist:
    """Map a design to standard cells and give each net at most the allowed sinks.

    Writes into the folder: the script, log and result of Yosys, named after ``hierarchy``.

    Raises:
        YosysError: Yosys refuses the design.
        NetlistError: the result is not what timing can trust.
    """
    name = hierarchy.value
    _write_inputs(job)
    passes = _passes(job, hierarchy)
    run_yosys([*passes, f"write_json {name}.json"], job.folder, name)
    document = json.loads((job.folder / f"{name}.json").read_text(encoding="utf-8"))
    (job.folder / f"{name}.json").unlink()
    netlist = bind(document, job.top, job.macros, job.blocks, read_cells(job.cells))
    netlist.check()
    buffer_fanout(netlist, job.assumptions.max_fanout)
    netlist.check()
    return netlist


def map_blocks(job: Job, name: str) -> dict[str, Any]:
    """Map every block of a design by itself, and write ``<name>.v``; returns what Yosys' ``stat`` says.

    Nets keep their drivers' strength: no buffer bounds their sinks.

    Raises:
        YosysError: Yosys refuses the design.
    """
    _write_inputs(job)
    written = [f"write_verilog -noattr {name}.v", f"tee -o {name}.json stat -json"]
    run_yosys([*_passes(job, Hierarchy.BLOCKS), *written], job.folder, name)
    return json.loads((job.folder / f"{name}.json").read_text(encoding="utf-8"))


def _write_inputs(job: Job) -> None:
    """What the passes read besides the sources."""
    write_text(job.folder / "abc.script", _ABC.format(target=round(job.assumptions.period * 1000 * _TARGET)))
    write_text(job.folder / _GATE_FILE, BLACKBOX)
    write_text(job.folder / _MUX_FILE.name, _MUX_FILE.read_text(encoding="utf-8"))


def _passes(job: Job, hierarchy: Hierarchy) -> list[str]:
    """Passes of Yosys from the sources to cells of the library, checked."""
    modules = [path.removesuffix("_blackbox.v") for path in job.blackboxes]
    flatten = ["flatten"]
    return [
        # With the pins of the cells known, JSON has their directions.
        f"read_liberty -lib {job.cells}",
        *(f"read_verilog -lib {path}" for path in (*job.blackboxes, _GATE_FILE)),
        *(f"read_verilog -sv {path}" for path in job.sources),
        f"hierarchy -check -top {job.top}",
        # A macro whose outputs nobody takes is on the chip all the same.
        *(f"setattr -set keep 1 t:{module}" for module in modules),
        # A table that a register reads stays logic: Yosys would move the register behind it, where it has no name.
        "proc -norom" if hierarchy is Hierarchy.BLOCKS else "proc",
        # Monitors watch what resets the registers of a block, though it is no port of it.
        *([f"setattr -set keep 1 w:{LOCAL}"] if hierarchy is Hierarchy.BLOCKS else []),
        *(["opt_hier"] if hierarchy is Hierarchy.HIERARCHICAL else []),
        *(flatten if hierarchy is Hierarchy.FLAT else []),
        *_GENERIC,
        f"techmap -map {_MUX_FILE.name}",
        "techmap",
        "opt",
        "setundef -zero -undriven",
        "opt",
        *gate_clocks(job.assumptions.fewest_gated),
        f"dfflibmap -liberty {job.cells}",
        "opt",
        f"abc -liberty {job.cells} -script abc.script",
        *(flatten if hierarchy is Hierarchy.HIERARCHICAL else []),
        "setundef -zero",
        # Where blocks are kept, their registers are known by their names.
        "opt_clean" if hierarchy is Hierarchy.BLOCKS else "opt_clean -purge",
        f"hierarchy -check -top {job.top}",
        "check -mapped -assert",
    ]


def bind(
    document: dict, top: str, macros: Macros, blocks: Mapping[str, str], library: Mapping[str, StandardCell]
) -> Netlist:
    """A netlist of what Yosys wrote: macros become their Liberty cells, and every cell gets a public name.

    A flip-flop is called after the register that it holds, another cell after its block.
    """
    module = document["modules"][top]
    document["modules"] = {top: module}
    netlist = Netlist(document, top, macros, blocks, library)
    numbers: Counter[str] = Counter()
    renamed = {}
    for old, cell in module["cells"].items():
        name = clean(old)
        block = netlist.block_of(name)
        if name in macros.instances:
            netlist.placed[name] = cell["type"], cell["parameters"]
            cell["type"], cell["parameters"] = macros.instances[name], {}
        elif netlist.is_flip_flop(cell["type"]):
            register = netlist.net_name(cell["connections"]["Q"][0], block)
            # Flattening first may leave a flip-flop without its block in its own name.
            inside = not block or netlist.block_of(register) == block
            name = f"{register}_ff" if inside else f"{block}.ff"
        else:
            name = f"{block}.u" if block else "u"
        name = name.replace("[", "_").replace("]", "").replace("$", "_")
        numbers[name] += 1
        if numbers[name] > 1 or name.endswith((".u", ".ff")) or name == "u":
            name = f"{name}{numbers[name]}"
        cell["attributes"], cell["hide_name"] = {}, 0
        renamed[name] = cell
    if len(renamed) != len(module["cells"]):
        raise NetlistError("two cells want one name: rename a register or a block")
    module["cells"].clear()
    module["cells"].update(renamed)
    return netlist


def write_netlist(netlist: Netlist, cells: Path, folder: Path, name: str) -> None:
    """Write ``<name>.v`` of a netlist as OpenSTA reads it; ``macros.lib`` must be in ``folder``.

    Raises:
        YosysError: a cell or a connection is not what the libraries say.
    """
    write_text(folder / f"{name}.json", json.dumps(netlist.document))
    passes = [
        f"read_json {name}.json",
        f"read_liberty -lib {cells}",
        f"read_liberty -lib {MACROS_FILE}",
        f"hierarchy -check -top {netlist.top}",
        "check -mapped -assert",
        f"write_verilog -noattr -simple-lhs {name}.v",
    ]
    run_yosys(passes, folder, f"write_{name}")
    (folder / f"{name}.json").unlink()


def write_gates(netlist: Netlist, job: Job, name: str) -> None:
    """Write ``<name>.v`` for simulators: the same cells, and the macros as the design places them, with parameters.

    Raises:
        YosysError: a cell or a connection is not what the libraries say.
    """
    document = deepcopy(netlist.document)
    for instance, (module, parameters) in netlist.placed.items():
        document["modules"][netlist.top]["cells"][instance] |= {"type": module, "parameters": parameters}
    write_text(job.folder / f"{name}.json", json.dumps(document))
    passes = [
        f"read_json {name}.json",
        f"read_liberty -lib {job.cells}",
        *(f"read_verilog -lib {path}" for path in (*job.blackboxes, _GATE_FILE)),
        f"hierarchy -check -top {netlist.top}",
        f"write_verilog -noattr {name}.v",
    ]
    run_yosys(passes, job.folder, f"write_{name}")
    (job.folder / f"{name}.json").unlink()
    # As all models of macros have it.
    verilog = (job.folder / f"{name}.v").read_text(encoding="utf-8")
    write_text(job.folder / f"{name}.v", f"`timescale 1ns / 1ps\n{MODEL}{verilog}")
