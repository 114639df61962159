"""Toggles of a run by block, from the SAIF that its simulation recorded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from remora.flow.generate.macros.shapes import Macros, MacroShape, find_macros
from remora.flow.generate.parts import Parts
from remora.flow.report.console import table
from remora.flow.verify.followers import CLOCK
from remora.flow.verify.harness import HARNESS
from remora.flow.verify.saif import Instance, Net, Saif, SaifError, read_saif
from remora.hdl.lib.hierarchy import Port
from remora.hdl.lib.reset_tree import EARLY, SOFT
from remora.hdl.lib.verilog import TOP_NAME, Netlist, convert

if TYPE_CHECKING:
    from rich.table import Table

DESIGN_PATH = f"{HARNESS}.dut"
RESET_INPUTS = {EARLY, SOFT}
"""Inputs of a module that come from the tree of the reset, which its signature does not have."""
MOST_BLOCKS = 12
"""Blocks that are shown; the JSON has all."""


@dataclass
class Activity:
    """Nets of all instances of a module, their bits, and the toggles of these."""

    instances: int = 0
    nets: int = 0
    bits: int = 0
    toggles: int = 0

    def add(self, nets: Iterable[Net]) -> None:
        """Count the nets of one more instance."""
        self.instances += 1
        for net in nets:
            self.nets += 1
            self.bits += net.bits
            self.toggles += net.toggles


@dataclass(frozen=True)
class Counted:
    """Toggles of one recording.

    Attributes:
        cycles: of the clock pin of the top, which never stands.
        blocks: by module, the top included: the nets that it drives, which are all but its inputs.
        macro_inputs: by macro: its inputs, but clocks and wires that carry a current.
    """

    cycles: int
    blocks: Mapping[str, Activity]
    macro_inputs: Mapping[str, Activity]


def count_toggles(saif: Saif, netlist: Netlist, macros: Macros) -> Counted:
    """Count the toggles of a design by block.

    Raises:
        SaifError: the recording lacks the design, one of its instances or a pin of a macro, or counted nothing.
    """
    blocks: dict[str, Activity] = defaultdict(Activity)
    pins: dict[str, Activity] = defaultdict(Activity)
    design = _instance(saif, saif.root, DESIGN_PATH)
    clock = design.nets.get(CLOCK, Net())
    for path, module in (("", netlist.top), *netlist.library.instances(netlist.top)):
        instance = _instance(saif, design, path)
        if path in macros.instances:
            shape = macros.shapes[macros.instances[path]]
            pins[shape.module].add(_macro_inputs(saif, path, instance, shape))
        else:
            blocks[module].add(_driven(instance, netlist.library.ports[module]))
    if not clock.toggles // 2 or not all(sum(each.bits for each in found.values()) for found in (blocks, pins)):
        raise SaifError(f"{saif.path}: no cycle, no net or no pin of a macro was recorded, so no toggle is counted")
    return Counted(clock.toggles // 2, blocks, pins)


def _instance(saif: Saif, parent: Instance, path: str) -> Instance:
    found = parent.find(path)
    if found is None:
        raise SaifError(f"{saif.path}: instance {path} is missing, so its toggles are not known; record the run again")
    return found


def _driven(instance: Instance, ports: Mapping[str, Port]) -> list[Net]:
    inputs = {name for name, port in ports.items() if port.direction == "input"} | RESET_INPUTS
    return [net for name, net in instance.nets.items() if name not in inputs]


def _macro_inputs(saif: Saif, path: str, instance: Instance, shape: MacroShape) -> list[Net]:
    apart = {shape.contract.clock, *shape.contract.wires}
    wanted = {name: port.width for name, port in shape.ports.items() if port.direction == "input" and name not in apart}
    for name, width in wanted.items():
        if name not in instance.nets or instance.nets[name].bits != width:
            raise SaifError(f"{saif.path}: input {name} of the macro {path} has not {width} bits; record the run again")
    return [instance.nets[name] for name in wanted]


def toggle_report(parts: Parts, streamed: Path, halted: Path) -> dict[str, Any]:
    """What `remora simulate --toggles` reports.

    Args:
        parts: of the design point.
        streamed, halted: recordings of the two phases of `remora.tb.lib.recording.Phase`.

    Returns:
        ``cycles``, ``nets``, ``bits``, ``toggles`` and ``toggles_per_cycle`` while the packets stream; ``by_block`` and
        ``macro_inputs``, by module ``instances``, ``nets``, ``bits``, ``toggles``, ``toggles_per_cycle``, and
        ``halted_per_cycle``, toggles a cycle while the host programs; ``halted_cycles``.

    Raises:
        SaifError: a recording is missing; as of `read_saif` and `count_toggles`.
        MacroError: a macro is not described.
    """
    for path in (streamed, halted):
        if not path.is_file() or not path.stat().st_size:
            raise SaifError(
                f"{path}: nothing was recorded; the host must tell its phases: remora.tb.lib.recording.record"
            )
    netlist = convert(parts.top(), TOP_NAME)
    macros = find_macros(parts, netlist)
    working, waiting = (count_toggles(read_saif(path), netlist, macros) for path in (streamed, halted))
    totals = {key: sum(getattr(each, key) for each in working.blocks.values()) for key in ("nets", "bits", "toggles")}
    return {
        "cycles": working.cycles,
        "halted_cycles": waiting.cycles,
        **totals,
        "toggles_per_cycle": totals["toggles"] / working.cycles,
        "halted_per_cycle": sum(each.toggles for each in waiting.blocks.values()) / waiting.cycles,
        "by_block": _by_module(working, waiting, "blocks"),
        "macro_inputs": _by_module(working, waiting, "macro_inputs"),
    }


def _by_module(working: Counted, waiting: Counted, kind: str) -> dict[str, dict[str, float]]:
    streamed, halted = getattr(working, kind), getattr(waiting, kind)
    ordered = sorted(streamed, key=lambda module: (-streamed[module].toggles, module))
    return {
        module: {
            **vars(streamed[module]),
            "toggles_per_cycle": streamed[module].toggles / working.cycles,
            "halted_per_cycle": halted[module].toggles / waiting.cycles,
        }
        for module in ordered
    }


def toggle_table(report: Mapping[str, Any]) -> Table:
    """A `toggle_report` for a person: the modules that toggle most, and the inputs of the macros."""
    title = (
        f"toggles a cycle of RTL nets: {report['toggles_per_cycle']:,.1f} of {report['bits']:,} bits in "
        f"{report['cycles']:,} cycles"
    )
    shown = table("block", ">instances", ">bits", ">streaming", ">halted", title=title)
    blocks = list(report["by_block"].items())[:MOST_BLOCKS]
    for name, block in (*blocks, *((f"inputs of {macro}", pins) for macro, pins in report["macro_inputs"].items())):
        figures = (f"{block[key]:,.1f}" for key in ("toggles_per_cycle", "halted_per_cycle"))
        shown.add_row(name, f"{block['instances']:,}", f"{block['bits']:,}", *figures)
    return shown
