"""Mutation of generated Verilog: modules are wrapped so that chosen ports carry something else, one fault at a time.

A wrapped module ``m`` becomes ``m_good``, and a new ``m`` with the same ports instantiates it. So nothing depends on
the names of internal nets, all faults live in one netlist that is built once, and ``+remora_fault=N`` chooses the N-th;
0 is none. Macros are no part of the netlist: inside the model of one, statements are edited instead, under the same
numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from remora.spec.lib.errors import RemoraError

FAULT_PLUSARG = "remora_fault"
_CHOSEN = ("  int fault;", f'  initial if (!$value$plusargs("{FAULT_PLUSARG}=%d", fault)) fault = 0;')
"""Declares ``fault``, the number of the fault or mutant that is awake."""


class MutationError(RemoraError):
    """A fault does not fit the netlist: it has no such module or port."""


@dataclass(frozen=True)
class Fault:
    """One deliberate mistake.

    Attributes:
        name: for people and for tests. ``breaks``: what is wrong, in a few words.
        module: the Verilog module in which it is.
        ports: port → SystemVerilog expression of what it carries instead. An expression sees every input by its name,
            as the module is given it, and every output as ``good_<name>``, as the sound module drives it.
        helper: declarations and processes that the expressions need; names must not collide with those of other faults.
        edits: statement of the model of the macro ``module`` → what stands in its place, where ``{awake}`` is whether
            the fault is awake; instead of ``ports``.
        programs: shows only while weights are programmed through the weight window; of a BMRU design, only while
            the vote slides and frames are paced.
    """

    name: str
    breaks: str
    module: str
    ports: Mapping[str, str] = field(default_factory=dict)
    helper: str = ""
    edits: Mapping[str, str] = field(default_factory=dict)
    programs: bool = False


@dataclass(frozen=True)
class _Module:
    """A module's text and its ports in order: name → (direction, width)."""

    text: str
    ports: dict[str, tuple[str, int]]


def mutate(verilog: str, faults: Sequence[Fault]) -> str:
    """The netlist with all faults in it but those of macros; the N-th of ``faults``, counted from 1, wakes with
    ``+remora_fault=N``.

    Raises:
        MutationError: the netlist lacks a module or a port that a fault names.
    """
    modules = _split(verilog)
    numbered = [(number, fault) for number, fault in enumerate(faults, 1) if not fault.edits]
    for name in dict.fromkeys(fault.module for _, fault in numbered):
        if name not in modules:
            raise MutationError(f"the netlist has no module {name}")
        module = modules[name]
        renamed = module.text.replace(f"module {name}(", f"module {name}_good(", 1)
        verilog = verilog.replace(module.text, f"{renamed}\n\n{_wrapper(name, module, numbered)}")
    return verilog


def mutate_model(model: str, name: str, faults: Sequence[Fault]) -> str:
    """The model of macro ``name`` with all of its faults in it, numbered and woken as `mutate` does.

    Raises:
        MutationError: the model does not have a statement that a fault edits, or has it twice.
    """
    edited = model
    for number, fault in enumerate(faults, 1):
        if fault.module != name:
            continue
        for sound, broken in fault.edits.items():
            if model.count(sound) != 1 or edited.count(sound) != 1:
                raise MutationError(f"fault {fault.name}: the model of {name} does not have once: {sound}")
            edited = edited.replace(sound, broken.replace("{awake}", f"(fault == {number})"))
    chosen = "".join(f"{line}\n" for line in _CHOSEN)
    head = edited.index(");\n", edited.index(f"module {name} ")) + len(");\n")
    return edited[:head] + chosen + edited[head:]


def _split(verilog: str) -> dict[str, _Module]:
    modules = {}
    for match in re.finditer(r"^module (\w+)\(([^)]*)\);.*?^endmodule$", verilog, re.MULTILINE | re.DOTALL):
        declared = {
            name: (direction, int(top or 0) + 1)
            for direction, top, name in re.findall(
                r"^  (input|output) (?:signed )?(?:\[(\d+):0\] )?(\w+);$", match[0], re.MULTILINE
            )
        }
        modules[match[1]] = _Module(
            match[0], {name: declared[name] for name in re.split(r"\s*,\s*", match[2].strip()) if name}
        )
    return modules


def _wrapper(name: str, module: _Module, numbered: list[tuple[int, Fault]]) -> str:
    mine = [(number, fault) for number, fault in numbered if fault.module == name]
    for _, fault in mine:
        unknown = fault.ports.keys() - module.ports.keys()
        if unknown or not fault.ports:
            raise MutationError(f"fault {fault.name}: module {name} has no port {', '.join(sorted(unknown))}")
    declarations = ",\n".join(
        f"  {direction} wire [{width - 1}:0] {port}" for port, (direction, width) in module.ports.items()
    )
    wires, drives, connections = [], [], []
    for port, (direction, width) in module.ports.items():
        sound, source = f"good_{port}", f"good_{port}" if direction == "output" else port
        carried = source
        for number, fault in mine:
            if port in fault.ports:
                carried = f"fault == {number} ? {width}'({fault.ports[port]}) : {carried}"
        wires.append(f"  wire [{width - 1}:0] {sound};")
        drives.append(f"  assign {port if direction == 'output' else sound} = {carried};")
        connections.append(f"    .{port}({sound})")
    return "\n".join(
        [
            f"module {name}(", declarations, ");", *_CHOSEN,
            *wires, *(fault.helper for _, fault in mine if fault.helper), *drives,
            f"  {name}_good good (", ",\n".join(connections), "  );", "endmodule",
        ]
    )  # fmt: skip


def put_mutants(verilog: str, module: str, mutated: str, choice: str, chosen: str | None = None) -> str:
    """The netlist with a module in its mutated form, in which an input has become a signal of the module's own.

    Args:
        mutated: Verilog of the module with the input ``choice`` beside its ports.
        chosen: what the signal is, as an expression of Verilog; where None, ``+remora_fault=N`` chooses.

    Raises:
        MutationError: the netlist lacks the module, or the mutated one has other ports or no such input.
    """
    sound, (found,) = _split(verilog).get(module), _split(mutated).values()
    if sound is None:
        raise MutationError(f"the netlist has no module {module}")
    if choice not in found.ports or found.ports.keys() - {choice} != sound.ports.keys():
        raise MutationError(f"the mutated form of module {module} has other ports than it, or no input {choice}")
    width = found.ports[choice][1]
    body = re.sub(rf"^  (input|wire) (\[\d+:0\] )?{choice};\n", "", found.text.partition(");")[2], flags=re.MULTILINE)
    declared = [] if chosen else _CHOSEN
    text = "\n".join([*declared, f"  wire [{width - 1}:0] {choice} = {chosen or 'fault'};"])
    ports = ", ".join(name for name in found.ports if name != choice)
    return verilog.replace(sound.text, f"module {module}({ports});\n{text}{body}")
