"""A mapped netlist: cells of the library and macros, flat, every net a number.

It is the JSON of Yosys, read and changed in place. A bit of a connection is a number, the net, or a constant ``"0"``
or ``"1"``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from remora.flow.generate.macros.shapes import ENABLE_GATE, Contract, Kind, Macros
from remora.flow.signoff.cells import StandardCell
from remora.spec.lib.errors import RemoraError

Bit = int | str


class NetlistError(RemoraError):
    """A mapped netlist is not what timing can trust; the message says what is wrong."""


@dataclass(frozen=True)
class Pin:
    """A pin of a cell, or of the top module where ``cell`` is empty."""

    cell: str
    port: str
    index: int


class Netlist:
    """The top module of a netlist.

    Attributes:
        top: its name.
        document: all that Yosys wrote; `cells` and `ports` are parts of it.
        cells, ports: of the top module.
        macros: shapes and instances; cells of a macro have the Liberty cell as their type.
        blocks: path of every instance of a module of the design, with dots, → the module.
        library: the standard cells.
        placed: module and parameters that the design gives each macro, by instance.
    """

    def __init__(
        self,
        document: dict[str, Any],
        top: str,
        macros: Macros,
        blocks: Mapping[str, str],
        library: Mapping[str, StandardCell],
    ) -> None:
        self.top, self.document, self.macros, self.blocks, self.library = top, document, macros, blocks, library
        self.placed: dict[str, tuple[str, dict[str, Any]]] = {}
        module = document["modules"][top]
        self.cells: dict[str, dict[str, Any]] = module["cells"]
        self.ports: dict[str, dict[str, Any]] = module["ports"]
        self.netnames: dict[str, dict[str, Any]] = module["netnames"]

    def block_of(self, name: str) -> str:
        """Path of the block that a cell or a net belongs to by its name, empty for the top."""
        return block_of(name, self.blocks)

    def contract(self, cell: str) -> Contract | None:
        """What is known of the pins of a macro; None of a standard cell."""
        shape = self.macros.shapes.get(self.cells[cell]["type"])
        return shape.contract if shape else None

    def pins(self) -> Iterator[tuple[Pin, str, Bit]]:
        """Every pin with its direction and what it is connected to; a port of the top counts from inside."""
        for name, cell in self.cells.items():
            for port, bits in cell["connections"].items():
                direction = cell["port_directions"][port]
                for index, bit in enumerate(bits):
                    yield Pin(name, port, index), direction, bit
        for name, port in self.ports.items():
            direction = "output" if port["direction"] == "input" else "input"
            for index, bit in enumerate(port["bits"]):
                yield Pin("", name, index), direction, bit

    def drivers(self) -> dict[int, Pin]:
        """Who drives each net.

        Raises:
            NetlistError: a net has two drivers.
        """
        found: dict[int, Pin] = {}
        for pin, direction, bit in self.pins():
            if direction == "output" and isinstance(bit, int):
                if bit in found:
                    raise NetlistError(f"net {self.net_name(bit)} has two drivers: {found[bit].cell} and {pin.cell}")
                found[bit] = pin
        return found

    def sinks(self) -> dict[int, list[Pin]]:
        """What each net drives."""
        found = defaultdict(list)
        for pin, direction, bit in self.pins():
            if direction == "input" and isinstance(bit, int):
                found[bit].append(pin)
        return dict(found)

    @cached_property
    def _names(self) -> dict[int, list[str]]:
        """Names of each net, the best first: public before generated ones, outer ones before those of blocks below."""
        names: dict[int, list[str]] = defaultdict(list)
        for name, net in self.netnames.items():
            for index, bit in enumerate(net["bits"]):
                if isinstance(bit, int):
                    names[bit].append(clean(name if len(net["bits"]) == 1 else f"{name}[{index}]"))
        return {bit: sorted(found, key=_rank) for bit, found in names.items()}

    def net_name(self, bit: int, block: str = "") -> str:
        """A name of a net, one of a block where it has one there."""
        names = self._names.get(bit, [f"net {bit}"])
        return next((name for name in names if self.block_of(name) == block), names[0])

    def check(self) -> None:
        """Refuse what timing would silently leave out.

        Raises:
            NetlistError: an input or a port is connected to ``x`` or to nothing; a net has no driver or two; a macro
                of the design is not there, or one is that the design lacks.
        """
        drivers = self.drivers()
        for pin, direction, bit in self.pins():
            name = f"{pin.cell or self.top}, pin {pin.port}[{pin.index}]"
            if direction == "input" and bit in ("x", "z"):
                raise NetlistError(f"{name}: the constant '{bit}' would cut the paths through it")
            if direction == "input" and isinstance(bit, int) and bit not in drivers:
                raise NetlistError(f"{name}: nothing drives {self.net_name(bit)}")
        found = {
            name: cell["type"]
            for name, cell in self.cells.items()
            if cell["type"] in self.macros.shapes and cell["type"] != ENABLE_GATE.cell
        }
        if found != self.macros.instances:
            wrong = sorted(set(found.items()) ^ set(self.macros.instances.items()))
            raise NetlistError(f"the netlist and the design differ in the macro {wrong[0][0]} ({wrong[0][1]})")

    def clock_pins(self) -> Iterator[Pin]:
        """Clock pins of flip-flops and macros."""
        for name, cell in self.cells.items():
            contract = self.contract(name)
            if contract:
                yield Pin(name, contract.clock, 0)
            elif clock := self.library[cell["type"]].clock:
                yield Pin(name, clock, 0)

    def bit(self, pin: Pin) -> Bit:
        """What a pin is connected to."""
        if pin.cell:
            return self.cells[pin.cell]["connections"][pin.port][pin.index]
        return self.ports[pin.port]["bits"][pin.index]

    def flip_flops(self) -> Iterator[str]:
        """Cells that are flip-flops."""
        return (name for name, cell in self.cells.items() if self.is_flip_flop(cell["type"]))

    def is_flip_flop(self, cell_type: str) -> bool:
        """Whether cells of a type are flip-flops."""
        return cell_type in self.library and bool(self.library[cell_type].clock)

    def constants(self) -> dict[int, bool]:
        """Nets that never change, since constants at the inputs of their gates decide them."""
        known: dict[int, bool] = {}
        sinks = self.sinks()
        left = {pin.cell for pin, direction, bit in self.pins() if direction == "input" and bit in ("0", "1")}
        while left:
            name = left.pop()
            cell = self.library.get(self.cells[name]["type"]) if name else None
            for output in cell.functions if cell else ():
                net = self.cells[name]["connections"][output][0]
                value = cell.value(output, self._known_inputs(name, known)) if cell else None
                if value is not None and net not in known:
                    known[net] = value
                    left |= {pin.cell for pin in sinks.get(net, ())}
        return known

    def _known_inputs(self, name: str, known: Mapping[int, bool]) -> dict[str, bool]:
        """Constant inputs of a standard cell."""
        bits = {port: bits[0] for port, bits in self.cells[name]["connections"].items()}
        values = {port: bit == "1" for port, bit in bits.items() if bit in ("0", "1")}
        return values | {port: known[bit] for port, bit in bits.items() if bit in known}

    def clock_nets(self) -> set[int]:
        """Nets that clock flip-flops and macros."""
        return {bit for pin in self.clock_pins() if isinstance(bit := self.bit(pin), int)}

    def clock_ports(self) -> list[str]:
        """Inputs of the top that clock flip-flops and macros, straight or through clock gates.

        Raises:
            NetlistError: a clock comes from anything else.
        """
        drivers, ports = self.drivers(), set()
        for net in sorted(self.clock_nets()):
            pin = drivers[net]
            while pin.cell:
                contract = self.contract(pin.cell)
                if contract is None or contract.kind is not Kind.CLOCK_GATE:
                    raise NetlistError(f"the clock {self.net_name(net)} comes from {pin.cell}, which is no clock gate")
                bit = self.bit(Pin(pin.cell, contract.clock, 0))
                if not isinstance(bit, int):
                    raise NetlistError(f"{pin.cell}: the clock of a clock gate is constant")
                pin = drivers[bit]
            ports.add(pin.port)
        return sorted(ports)


def _rank(name: str) -> tuple[bool, int, int]:
    return "$" in name, name.count("."), len(name)


def block_of(name: str, blocks: Collection[str]) -> str:
    """Path of the innermost of these blocks that a cell or a net belongs to by its name, empty for the top."""
    while name and name not in blocks:
        name = name.rpartition(".")[0]
    return name


def clean(name: str) -> str:
    """A path with dots from a name as flattening makes it, ``$flatten\\core.\\buffer.$12``."""
    return re.sub(r"\$flatten|\\", "", name)
