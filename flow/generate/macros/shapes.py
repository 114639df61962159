"""The macros of a design point: the pins of each shape, and what timing has to know of them.

The pins are read from the blackbox, what they mean from ``<macro>.toml`` beside it.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import Any

from remora.flow.generate.parts import Parts
from remora.hdl.lib.hierarchy import Port
from remora.hdl.lib.verilog import Netlist
from remora.spec.lib.errors import RemoraError

_PARAMETER = re.compile(r"^\s*parameter\s+(\w+)\s*=\s*([^,\n]+?),?\s*$", re.MULTILINE)
_PORT = re.compile(r"^\s*(input|output)\s+(?:wire\s+)?(?:\[(.+?):0\]\s*)?(\w+),?\s*$", re.MULTILINE)


class MacroError(RemoraError):
    """A macro is not described as sign-off needs it; the message names the file."""


class Kind(Enum):
    """What a macro is to sign-off."""

    HARD = "hard"
    MEMORY = "memory"
    CLOCK_GATE = "clock_gate"


@dataclass(frozen=True)
class Contract:
    """What ``<macro>.toml`` says of the pins.

    Attributes:
        kind: which assumptions hold.
        clock: input that clocks the others.
        size: parameters in the name of its Liberty cell; of a memory words, then bits of a word.
        wires: wires that carry a current, which have no timing.
        registered: inputs that must come straight from a flip-flop.
        follows: output → inputs that it follows within the cycle.
        gated_clock: output of a clock gate.
        unused: parameters that the model alone heeds.
        devices: numbers of devices side by side and above each other, as expressions of the parameters; none where the
            outline does not follow from them.
    """

    kind: Kind
    clock: str
    size: tuple[str, ...]
    wires: tuple[str, ...] = ()
    registered: tuple[str, ...] = ()
    follows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    gated_clock: str = ""
    unused: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()


@dataclass(frozen=True)
class MacroShape:
    """A macro with the parameters that give it its pins; instances of one shape share a Liberty cell.

    Attributes:
        module: name of the macro.
        cell: name of the Liberty cell.
        parameters: the whole numbers among its parameters.
        ports: every pin by name, in the order of the blackbox.
        contract: what the pins mean.
    """

    module: str
    cell: str
    parameters: Mapping[str, int]
    ports: Mapping[str, Port]
    contract: Contract

    @cached_property
    def bits(self) -> int:
        """Bits that a memory stores; 0 of another macro."""
        if self.contract.kind is not Kind.MEMORY:
            return 0
        words, width = (self.parameters[name] for name in self.contract.size)
        return words * width

    @property
    def devices(self) -> tuple[int, int]:
        """Devices side by side and above each other; none where the contract does not say."""
        if not self.contract.devices:
            return 0, 0
        columns, rows = (_evaluate(each, self.parameters) for each in self.contract.devices)
        return columns, rows


ENABLE_GATE = MacroShape(
    "remora_enable_gate",
    "remora_enable_gate",
    {},
    {"clk": Port("input", 1), "enable": Port("input", 1), "gated": Port("output", 1)},
    Contract(Kind.CLOCK_GATE, "clk", (), gated_clock="gated"),
)
"""Clock gate that synthesis puts before flip-flops with one enable. No design instantiates it."""


@dataclass(frozen=True)
class Macros:
    """Macros of one design point.

    Attributes:
        shapes: by the name of the Liberty cell; `ENABLE_GATE` is one.
        instances: path of each instance below the top, with dots, → name of its Liberty cell.
    """

    shapes: Mapping[str, MacroShape]
    instances: Mapping[str, str]


def find_macros(parts: Parts, netlist: Netlist, prefix: str = "") -> Macros:
    """The macros that a converted design instantiates.

    Args:
        prefix: begins the name of each of their Liberty cells.

    Raises:
        MacroError: a macro has no description, or its description names pins or parameters that the blackbox lacks.
    """
    blackboxes = {name: _Blackbox.read(parts, name) for name in parts.macros}
    cells: dict[tuple[str, tuple[tuple[str, int], ...]], str] = {}
    shapes: dict[str, MacroShape] = {}
    instances: dict[str, str] = {}
    for path, module, given in netlist.library.macros(netlist.top):
        shape = blackboxes[module].shape({name: value for name, value in given.items() if isinstance(value, int)})
        key = module, tuple(sorted(shape.parameters.items()))
        if key not in cells:
            name = f"{prefix}{shape.cell}"
            # Shapes that differ in other parameters than the size alone.
            same = sum(other == name or other.startswith(f"{name}_") for other in shapes)
            cells[key] = f"{name}_{same + 1}" if same else name
            shapes[cells[key]] = MacroShape(module, cells[key], shape.parameters, shape.ports, shape.contract)
        instances[path] = cells[key]
    return Macros(shapes | {ENABLE_GATE.cell: ENABLE_GATE}, instances)


@dataclass(frozen=True)
class _Blackbox:
    """Text of a blackbox, and its contract."""

    module: str
    source: Path
    contract: Contract
    defaults: Mapping[str, int]
    pins: tuple[tuple[str, str, str], ...]
    """Direction, highest bit as an expression of the parameters (empty for one bit), name."""

    @classmethod
    def read(cls, parts: Parts, module: str) -> _Blackbox:
        try:
            path = parts.source(f"{module}.toml")
        except FileNotFoundError as error:
            raise MacroError(f"macro {module}: there is no {module}.toml beside its blackbox: write one") from error
        source = parts.source(f"{module}_blackbox.v")
        text = source.read_text(encoding="utf-8")
        defaults = {name: int(value) for name, value in _PARAMETER.findall(text) if re.fullmatch(r"\d+", value)}
        box = cls(module, source, _contract(path), defaults, tuple(_PORT.findall(text)))
        box._check(path)
        return box

    def _check(self, path: Path) -> None:
        contract, names = self.contract, {name: direction for direction, _, name in self.pins}
        wanted = {"clock": [contract.clock], "registered": contract.registered, "wires": contract.wires}
        wanted["follows"] = [*contract.follows, *(name for names in contract.follows.values() for name in names)]
        wanted["gated_clock"] = [contract.gated_clock] if contract.gated_clock else []
        for key, pins in wanted.items():
            if unknown := [pin for pin in pins if pin not in names]:
                raise MacroError(f"{path}: {key}: {', '.join(unknown)}: {self.source.name} has no such pin")
        for key in ("size", "unused"):
            if unknown := [name for name in getattr(contract, key) if name not in self.defaults]:
                raise MacroError(f"{path}: {key}: {', '.join(unknown)}: {self.source.name} has no such parameter")
        named = [name for each in contract.devices for name in re.findall(r"[A-Za-z_]\w*", each)]
        if unknown := [name for name in named if name not in self.defaults]:
            raise MacroError(f"{path}: devices: {', '.join(unknown)}: {self.source.name} has no such parameter")

    def shape(self, given: Mapping[str, int]) -> MacroShape:
        """The shape with these parameters, the others as by default."""
        unused = self.contract.unused
        values = {name: given.get(name, default) for name, default in self.defaults.items() if name not in unused}
        ports = {name: Port(direction, _evaluate(high, values) + 1) for direction, high, name in self.pins}
        size = "x".join(str(values[name]) for name in self.contract.size)
        return MacroShape(self.module, f"{self.module}_{size}", values, ports, self.contract)


def _contract(path: Path) -> Contract:
    try:
        read: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        read["kind"] = Kind(read["kind"])
        read["follows"] = {name: tuple(inputs) for name, inputs in read.get("follows", {}).items()}
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in read.items()
        }
        return Contract(**values)
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise MacroError(f"{path}: no description of a macro's pins: {error}") from error


def _evaluate(expression: str, values: Mapping[str, int]) -> int:
    """Value of an expression of whole numbers, parameters, ``+``, ``-`` and ``*``; 0 of none."""

    def value(node: ast.expr) -> int:
        match node:
            case ast.Constant(value=int(number)):
                return number
            case ast.Name(id=name):
                return values[name]
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return value(left) + value(right)
            case ast.BinOp(left=left, op=ast.Sub(), right=right):
                return value(left) - value(right)
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                return value(left) * value(right)
        raise MacroError(f"width '{expression}': only whole numbers, parameters, +, - and * are understood")

    return value(ast.parse(expression, mode="eval").body) if expression else 0
