"""Static timing of a mapped netlist by OpenSTA, typical and pre-layout: clocks are ideal, a wire is a load a sink."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from remora.flow.generate.integrate.constraints import constraints
from remora.flow.generate.macros.assumptions import Assumptions
from remora.flow.generate.macros.liberty import WIRES
from remora.flow.signoff.netlist import Netlist, Pin
from remora.flow.signoff.synthesis import MACROS_FILE
from remora.flow.tools.opensta import TimingError, run_opensta
from remora.hdl.lib.hierarchy import Port
from remora.spec.lib.files import write_text

_STEP = re.compile(r"^\s+(?:[-\d.]+\s+)*?(-?[\d.]+)\s+(-?[\d.]+)\s+([v^])\s+(\S+)\s+\((\S+)\)\s*$")
_SLACK = re.compile(r"^\s+(-?[\d.]+|INF)\s+slack", re.MULTILINE)


@dataclass(frozen=True)
class Step:
    """A pin on a path: when the signal gets there in ns after the clock edge, and the cell."""

    pin: str
    cell: str
    arrival: float


@dataclass(frozen=True)
class TimingPath:
    """The worst path of a netlist for setup or hold.

    Attributes:
        slack: in ns.
        steps: from the clock pin that launches it, or an input, to its end.
        blocks: the blocks that it crosses, in order; the top is empty.
    """

    slack: float
    steps: tuple[Step, ...]
    blocks: tuple[str, ...]


@dataclass(frozen=True)
class Timing:
    """What static timing says.

    Attributes:
        mhz: highest clock frequency.
        setup, hold: worst paths.
    """

    mhz: float
    setup: TimingPath
    hold: TimingPath


def wire_loads() -> str:
    """Lines of an SDC that give every net of the top a load for each sink."""
    return f"set_wire_load_mode top\nset_wire_load_model -name {WIRES}\n"


def analyse(netlist: Netlist, cells: Path, folder: Path, name: str, assumptions: Assumptions) -> Timing:
    """Time ``<name>.v`` in ``folder``, where ``macros.lib`` is; writes ``<name>.sdc`` and ``<name>.tcl`` too.

    Raises:
        TimingError: OpenSTA did not read all of it, or found no path.
    """
    ports = {port: Port(shape["direction"], len(shape["bits"])) for port, shape in netlist.ports.items()}
    write_text(folder / f"{name}.sdc", constraints(ports, netlist.clock_ports(), assumptions) + wire_loads())
    fields = "-format full -fields {capacitance slew} -digits 4"
    script = f"""\
read_liberty {cells}
read_liberty {MACROS_FILE}
read_verilog {name}.v
link_design {netlist.top}
puts "cells [llength [get_cells *]]"
foreach type [list {" ".join(sorted({cell["type"] for cell in netlist.cells.values()}))}] {{
  puts "type $type [llength [get_lib_cells */$type]]"
}}
source {name}.sdc
report_checks -path_delay max {fields} > {name}_setup.rpt
report_checks -path_delay min {fields} > {name}_hold.rpt
check_setup -verbose -no_clock -unconstrained_endpoints -loops > {name}_unconstrained.rpt
"""
    require_whole(netlist, run_opensta(script, folder, f"{name}_sta"))
    reports = [
        (folder / f"{name}_{what}.rpt").read_text(encoding="utf-8") for what in ("setup", "hold", "unconstrained")
    ]
    require_constrained(netlist, reports.pop())
    paths = [worst_path(netlist, text) for text in reports]
    return Timing(1000 / (assumptions.period - paths[0].slack), *paths)


def require_whole(netlist: Netlist, printed: str) -> None:
    """Refuse a netlist of which OpenSTA knows fewer cells than were written, or a cell as a black box.

    Raises:
        TimingError: that is so; the message names what it lacks.
    """
    known = dict(re.findall(r"^type (\S+) (\d+)$", printed, re.MULTILINE))
    types = {cell["type"] for cell in netlist.cells.values()}
    if unknown := sorted(name for name in types if known.get(name) != "1"):
        raise TimingError(f"the netlist was not read whole: OpenSTA takes {', '.join(unknown)} for a black box")
    counted = re.search(r"^cells (\d+)$", printed, re.MULTILINE)
    if counted is None or int(counted[1]) != len(netlist.cells):
        found = counted[1] if counted else "no"
        raise TimingError(f"the netlist was not read whole: {len(netlist.cells)} cells were written, {found} are known")


def require_constrained(netlist: Netlist, report: str) -> None:
    """Refuse a netlist with an end of a path that no constraint reaches, those at constants apart.

    Args:
        report: of `check_setup`, whose lines with a pin are indented.

    Raises:
        TimingError: there is one, a flip-flop without a clock, or a combinational loop.
    """
    constants = netlist.constants()
    tied = {
        _pin_name(netlist, pin)
        for pin, direction, bit in netlist.pins()
        if direction == "input" and (bit in ("0", "1") or bit in constants)
    }
    lines = report.splitlines()
    wrong = [line.strip() for line in lines if line.startswith(" ") and line.strip().replace("\\", "") not in tied]
    wrong += [
        line for line in lines if line.strip() and not line.startswith(" ") and "unconstrained endpoint" not in line
    ]
    if wrong:
        raise TimingError(f"OpenSTA does not time all of the netlist: {', '.join(wrong[:4])}")


def _pin_name(netlist: Netlist, pin: Pin) -> str:
    bits = netlist.cells[pin.cell]["connections"][pin.port] if pin.cell else netlist.ports[pin.port]["bits"]
    name = f"{pin.port}[{pin.index}]" if len(bits) > 1 else pin.port
    return f"{pin.cell}/{name}" if pin.cell else name


def worst_path(netlist: Netlist, report: str) -> TimingPath:
    """The path with the least slack in a report of OpenSTA, which has one a group: of clocks, and of what sets a
    flip-flop without a clock.

    Raises:
        TimingError: there is none, or one has no slack.
    """
    paths = [_path(netlist, text) for text in report.split("Startpoint:")[1:]]
    if not paths:
        raise TimingError("OpenSTA finds no path: nothing in the netlist is clocked, or a constant cuts every path")
    return min(paths, key=lambda path: path.slack)


def _path(netlist: Netlist, text: str) -> TimingPath:
    slack = _SLACK.search(text)
    if slack is None or slack[1] == "INF":
        raise TimingError("OpenSTA finds no path: nothing in the netlist is clocked, or a constant cuts every path")
    lines = text[: text.index("data arrival time")].splitlines()
    steps = tuple(
        Step(found[4].replace("\\", ""), found[5], float(found[2])) for line in lines if (found := _STEP.match(line))
    )
    return TimingPath(float(slack[1]), steps, _blocks(netlist, steps))


def _blocks(netlist: Netlist, steps: Sequence[Step]) -> tuple[str, ...]:
    found: list[str] = []
    for step in steps:
        cell = step.pin.rpartition("/")[0]
        block = netlist.macros.instances and cell in netlist.macros.instances and cell or netlist.block_of(cell)
        if not found or found[-1] != block:
            found.append(block)
    return tuple(found)
