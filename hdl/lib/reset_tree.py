"""The reset of a whole top: synchronised, registered, and handed on as a tree of flip-flops, module by module.

Amaranth gives every register of a module the one reset signal of its clock domain, and every module that of its parent.
Here the converted modules get a tree instead:

    pin → two flip-flops of the synchroniser → branches → leaves → registers

Every flip-flop of the tree is set by the one before it, without a clock, and clears a cycle after that one. So the
whole tree asserts with the pin, at power-up before the first edge of the clock, and all leaves clear in one cycle,
``LATENCY_CYCLES`` after the pin. A leaf drives at most ``FANOUT`` bits, a branch sets as many leaves, and the
synchroniser sets all branches, which are fewer up to ``FANOUT`` times ``FANOUT`` leaves. Leaves are in the module whose
registers they reset.

A reset that a parent adds for a submodule, such as the soft reset, joins behind the leaves and acts at once. The reset
pin of a macro has a leaf of its own, which takes both: it comes straight from a flip-flop, and a soft reset reaches the
macro a cycle later.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from remora.spec.lib.reset import LATENCY_CYCLES

FANOUT = 32
"""Most sinks of a net of the tree."""
SYNCHRONISER = ("rst_sync_0", "rst_sync_1")
assert len(SYNCHRONISER) + 2 == LATENCY_CYCLES, "the synchroniser, a branch and a leaf"
LOCAL, LEAF, MACRO, EARLY, SOFT = "rst", "rst_leaf", "rst_macro", "rst_early", "rst_soft"
"""Signals of a module: what resets registers, ``rst``, ``rst_1`` and so on; their leaves, where something joins behind
them; leaves of macros; from the branches to all leaves; what its parents add."""

PRESSED, TRUNK, BRANCH = "rst_pin", "rst_trunk", "rst_branch"
"""Signals of a top with a test mode: the pin's opposite, what sets the branches, and the branches."""

_RESET = r"\rst [0]"
_CELL = re.compile(r"  cell (\\?)(\S+) \\?\S+")
_PIN = re.compile(r"    connect \\(\w+) (.*)")
_ASSIGN = re.compile(r" +assign (\S+) \[(\d+)(?::(\d+))?\] \d+'([01]+)")
_PORT = re.compile(r"^  wire width 1 input (\d+)  \\rst$", re.MULTILINE)
_DRIVER = re.compile(r"^  cell \$not \$\d+\n(?:    .*\n)*    connect \\Y \\rst\n  end\n", re.MULTILINE)
_WIRE = re.compile(r"^  wire width 1 \\rst\n", re.MULTILINE)
_NEVER = "1'0"


@dataclass
class _Child:
    """The reset of a submodule: its line of connection among those of its parent, and what the parent adds to it."""

    line: int
    module: str
    added: str


@dataclass
class _Module:
    """A module while the tree is planted.

    Attributes:
        lines: of its text.
        soft: an instance of it has a reset that its parents added.
        loads: leaves on each bit of ``rst_early``; of the top, on each branch.
        resets: how many signals ``rst``, ``rst_1`` and so on it has.
    """

    lines: list[str]
    soft: bool = False
    loads: list[int] = field(default_factory=list)
    resets: int = 0


def plant(texts: dict[str, str], top: str, pin: str, clock: str, test: str | None = None) -> dict[str, bool]:
    """Plant the tree into RTLIL modules, of which each comes after those that it instantiates; replaces their texts.

    Args:
        top: the module that has the pin, and drives its own ``rst`` by the pin's opposite.
        pin: input of the top that resets while it is low.
        clock: input of the top that clocks synchroniser and branches.
        test: input of the top; while it is high the pin itself sets all flip-flops of the tree, and none sets another.

    Returns:
        The modules that had a signal ``rst``, and whether it still resets something there.

    Raises:
        ValueError: a module uses its reset in a form that is not known here.
    """
    modules = {name: _Module(text.splitlines()) for name, text in texts.items()}
    for module in reversed(modules.values()):
        for child in _children(module, modules):
            modules[child.module].soft |= module.soft or child.added != _NEVER
    planted = {}
    for name, module in modules.items():
        if any(re.search(r"\\rst\b", line) for line in module.lines):
            _plant_module(modules, name, (pin, clock, test) if name == top else None)
            texts[name] = "\n".join(module.lines) + "\n"
            planted[name] = module.resets > 0
    return planted


def _pins(module: _Module) -> Iterator[tuple[int, str, str, str]]:
    """Line number, type of the cell (that of a cell of Yosys begins with ``$``), pin, and what it is connected to."""
    cell = ""
    for number, line in enumerate(module.lines):
        if match := _CELL.fullmatch(line):
            cell = match[2]
        elif match := _PIN.fullmatch(line):
            yield number, cell, match[1], match[2]


def _children(module: _Module, modules: dict[str, _Module]) -> list[_Child]:
    return [
        _Child(number, cell, added) for number, cell, pin, added in _pins(module) if pin == LOCAL and cell in modules
    ]


def _plant_module(modules: dict[str, _Module], name: str, inputs: tuple[str, str, str | None] | None) -> None:
    module = modules[name]
    macro_pins = [
        number
        for number, cell, _, driver in _pins(module)
        if driver == _RESET and cell not in modules and not cell.startswith("$")
    ]
    for index, number in enumerate(macro_pins):
        module.lines[number] = module.lines[number].replace(_RESET, rf"\{_name(MACRO, index)} [0]")
    module.resets = _group_sinks(module)
    children = _children(module, modules)
    leaves = module.resets + len(macro_pins)
    positions, module.loads = _pack([1] * leaves + [load for child in children for load in modules[child.module].loads])
    added = _leaves(module, positions[:leaves])
    first = leaves
    for child in children:
        width = len(modules[child.module].loads)
        added += _connect_child(module, modules[child.module], child, positions[first : first + width])
        first += width
    if inputs:
        added = _trunk(name, module, *inputs) + added
    else:
        _declare_ports(name, module)
    while not module.lines[-1]:
        module.lines.pop()
    wires = [line for line in added if line.startswith("  wire ")]
    cells = [line for line in added if not line.startswith("  wire ")]
    # A signal is declared before it is used, and the module ends after its cells.
    start = next(number for number, line in enumerate(module.lines) if line.startswith("module "))
    module.lines = [*module.lines[: start + 1], *wires, *module.lines[start + 1 : -1], *cells, "end"]


def _group_sinks(module: _Module) -> int:
    """Share the sinks of the reset out among signals, none with more than ``FANOUT``; returns how many these are."""
    used = 0

    def take(wanted: int) -> tuple[int, int]:
        """Index of a signal, and how many sinks it takes on."""
        nonlocal used
        taken = min(wanted, FANOUT - used % FANOUT)
        used += taken
        return (used - 1) // FANOUT, taken

    lines: list[str] = []
    rest = iter(module.lines)
    for line in rest:
        if line.strip() == f"switch {_RESET}":
            next(rest)
            assigned = _ASSIGN.fullmatch(statement := next(rest))
            if not assigned or next(rest).strip() != "end":
                raise ValueError(f"a register is reset in a form that is not known: {statement.strip()}")
            signal, low, values = assigned[1], int(assigned[3] or assigned[2]), assigned[4]
            while values:
                index, count = take(len(values))
                # The lowest bits stand last.
                values, now = values[:-count], values[-count:]
                lines += [
                    rf"    switch \{_name(LOCAL, index)} [0]",
                    "      case 1'1",
                    f"        assign {signal} [{low + count - 1}:{low}] {count}'{now}",
                    "    end",
                ]
                low += count
        elif _RESET in line and not line.startswith(rf"    connect \{LOCAL} "):
            lines.append(line.replace(_RESET, rf"\{_name(LOCAL, take(1)[0])} [0]"))
        else:
            lines.append(line)
    module.lines = lines
    return -(-used // FANOUT)


def _pack(loads: list[int]) -> tuple[list[int], list[int]]:
    """Put loads into as few bins of ``FANOUT`` as first fit, largest first, finds: the bin of each, and what each bin
    holds."""
    bins: list[int] = []
    positions = [0] * len(loads)
    for index in sorted(range(len(loads)), key=lambda index: -loads[index]):
        fitting = (number for number, held in enumerate(bins) if held + loads[index] <= FANOUT)
        positions[index] = next(fitting, len(bins))
        if positions[index] == len(bins):
            bins.append(0)
        bins[positions[index]] += loads[index]
    return positions, bins


def _leaves(module: _Module, positions: list[int]) -> list[str]:
    """The leaves of a module, by the bit of ``rst_early`` that each follows: those of its registers, then of macros."""
    added: list[str] = []
    for index, position in enumerate(positions[: module.resets]):
        reset, early = _name(LOCAL, index), rf"\{EARLY} [{position}]"
        if module.soft:
            leaf = _name(LEAF, index)
            added += _wire(leaf) + _flip_flop(leaf, early) + _wire(reset) + _either(reset, leaf)
        else:
            added += _wire(reset) + _flip_flop(reset, early)
    for index, position in enumerate(positions[module.resets :]):
        leaf = _name(MACRO, index)
        added += _wire(leaf) + _flip_flop(leaf, rf"\{EARLY} [{position}]", rf"\{SOFT}" if module.soft else _NEVER)
    return added


def _connect_child(parent: _Module, child: _Module, at: _Child, positions: list[int]) -> list[str]:
    """Connect a submodule; returns what that adds to the parent."""
    if not positions:
        # It has no port to connect: an empty line leaves the numbers of the other lines as they are.
        parent.lines[at.line] = ""
        return []
    early = _joined([rf"\{EARLY} [{position}]" for position in positions])
    connected, added, soft = [rf"    connect \{EARLY} {early}"], [], at.added
    if parent.soft:
        soft = rf"\{SOFT}"
        if at.added != _NEVER:
            name = f"{SOFT}_{at.line}"
            added, soft = _wire(name) + _either(name, at.added.removeprefix("\\")), rf"\{name}"
    if child.soft:
        connected.append(rf"    connect \{SOFT} {soft}")
    parent.lines[at.line] = "\n".join(connected)
    return added


def _declare_ports(name: str, module: _Module) -> None:
    """What was the port of the reset becomes one from the branches and, where it is used, one of the parents; a module
    in which nothing takes the reset has none."""
    text = "\n".join(module.lines)
    port = _PORT.search(text)
    if not port:
        raise ValueError(f"{name}: its reset is no port")
    ports = []
    if module.loads:
        # Yosys orders ports by these numbers, which may have gaps.
        ports.append(f"  wire width {len(module.loads)} input {port[1]}  \\{EARLY}")
        ports += [f"  wire width 1 input 1000000  \\{SOFT}"] * module.soft
    module.lines = _PORT.sub(lambda _: "\n".join(ports), text).split("\n")


def _trunk(name: str, module: _Module, pin: str, clock: str, test: str | None) -> list[str]:
    """Synchroniser and branches of a top, whose reset was the pin's opposite; in test mode the pin goes past both."""
    text = "\n".join(module.lines)
    text, drivers = _DRIVER.subn("", text)
    text, wires = _WIRE.subn("", text)
    if (drivers, wires) != (1, 1):
        raise ValueError(f"{name}: its reset is not that of the pin alone")
    module.lines = text.split("\n")
    if not module.loads:
        return []
    first, last = SYNCHRONISER
    added = _wire(first) + _wire(last) + _wire(EARLY, len(module.loads))
    added += _flip_flop(first, rf"\{pin} [0]", active=0, clock=clock)
    added += _flip_flop(last, rf"\{pin} [0]", rf"\{first}", active=0, clock=clock)
    setting, branches = last, EARLY
    if test:
        setting, branches = TRUNK, BRANCH
        added += _wire(PRESSED) + _inverse(PRESSED, pin) + _wire(TRUNK) + _chosen(TRUNK, last, test)
        added += _wire(BRANCH, len(module.loads))
    for branch in range(len(module.loads)):
        added += _flip_flop(f"{branches} [{branch}]", rf"\{setting}", clock=clock)
        if test:
            added += _chosen(f"{EARLY} [{branch}]", f"{BRANCH} [{branch}]", test)
    return added


def _inverse(output: str, of: str) -> list[str]:
    return [
        f"  cell $not ${output}",
        "    parameter \\A_SIGNED 0",
        "    parameter \\A_WIDTH 1",
        "    parameter \\Y_WIDTH 1",
        f"    connect \\A \\{of} [0]",
        f"    connect \\Y \\{output}",
        "  end",
    ]


def _chosen(output: str, usual: str, test: str) -> list[str]:
    """A bit that is ``usual``, and in test mode the pressed pin."""
    return [
        f"  cell $mux ${output.replace(' ', '')}_chosen",
        "    parameter \\WIDTH 1",
        f"    connect \\A \\{usual}",
        f"    connect \\B \\{PRESSED}",
        f"    connect \\S \\{test} [0]",
        f"    connect \\Y \\{output}",
        "  end",
    ]


def _name(stem: str, index: int) -> str:
    return f"{stem}_{index}" if index else stem


def _wire(name: str, width: int = 1) -> list[str]:
    return [f"  wire width {width} \\{name}"]


def _flip_flop(output: str, setting: str, data: str = _NEVER, active: int = 1, clock: str = "clk") -> list[str]:
    """A bit that ``setting`` sets at once, while it is ``active``; without that it takes ``data`` at an edge."""
    return [
        f"  cell $adff ${output.replace(' ', '')}",
        "    parameter \\WIDTH 1",
        "    parameter \\CLK_POLARITY 1",
        f"    parameter \\ARST_POLARITY {active}",
        "    parameter \\ARST_VALUE 1'1",
        f"    connect \\D {data}",
        f"    connect \\CLK \\{clock} [0]",
        f"    connect \\ARST {setting}",
        f"    connect \\Q \\{output}",
        "  end",
    ]


def _either(name: str, asked: str) -> list[str]:
    """A bit that is high where ``asked`` is, or what the parents add."""
    return [
        f"  cell $or ${name}",
        *(f"    parameter \\{operand}_SIGNED 0" for operand in "AB"),
        *(f"    parameter \\{operand}_WIDTH 1" for operand in "ABY"),
        f"    connect \\A \\{asked}",
        f"    connect \\B \\{SOFT}",
        f"    connect \\Y \\{name}",
        "  end",
    ]


def _joined(bits: list[str]) -> str:
    """A vector of bits, bit 0 first in the list."""
    return f"{{ {' '.join(reversed(bits))} }}"
