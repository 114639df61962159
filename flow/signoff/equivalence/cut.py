"""A block as functions of one cycle: cut at its flip-flops and at the instances in it, as BLIF for ABC.

What a flip-flop holds and what an instance gives are inputs. What a flip-flop takes and what an instance is given are
outputs, and so are the ports. A block and its netlist that agree in all outputs for all inputs agree in every cycle, if
they did in one: the states they share are those of flip-flops of one name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from remora.spec.lib.errors import RemoraError

Bit = int | str
"""Number of a net, or a constant ``"0"``, ``"1"``, ``"x"``."""

FLIP_FLOPS = ("$_DFF_P_", "$_DFFSR_PPP_")
"""All that `remora.flow.signoff.equivalence.compare` leaves of flip-flops."""
_GATES = {"$_AND_": "11 1", "$_NOT_": "0 1", "$_BUF_": "1 1"}
"""Rows of the truth table in BLIF."""
_TAKEN = ("D", "C", "S", "R")


class CutError(RemoraError):
    """A block cannot be cut; the message says why."""


@dataclass
class Cut:
    """A block between its cuts.

    Attributes:
        gates: output net → kind of the gate and its input nets.
        inputs: name → net, of ports and instances.
        outputs: name → bit, of ports and instances.
        states: net that a flip-flop drives → the bits that it takes, by pin.
        nets: name with index → bit, of public signals.
        instances: name → module and parameters.
    """

    gates: dict[int, tuple[str, tuple[Bit, ...]]] = field(default_factory=dict)
    inputs: dict[str, int] = field(default_factory=dict)
    outputs: dict[str, Bit] = field(default_factory=dict)
    states: dict[int, dict[str, Bit]] = field(default_factory=dict)
    nets: dict[str, Bit] = field(default_factory=dict)
    instances: dict[str, tuple[str, str]] = field(default_factory=dict)


def cut(module: Mapping[str, Any]) -> Cut:
    """Cut a module of Yosys' JSON that has only AND gates, inverters, `FLIP_FLOPS` and instances.

    Raises:
        CutError: it has a cell of another kind, or a latch.
    """
    found = Cut()
    for name, port in module["ports"].items():
        for index, bit in enumerate(port["bits"]):
            if port["direction"] == "input":
                found.inputs[f"{name}[{index}]"] = bit
            else:
                found.outputs[f"{name}[{index}]"] = bit
    for name, net in module["netnames"].items():
        if not net["hide_name"]:
            found.nets |= {f"{name}[{index}]": bit for index, bit in enumerate(net["bits"])}
    for name, cell in module["cells"].items():
        kind, pins = cell["type"], cell["connections"]
        if kind in _GATES:
            found.gates[pins["Y"][0]] = kind, tuple(pins[pin][0] for pin in ("A", "B") if pin in pins)
        elif kind in FLIP_FLOPS:
            found.states[pins["Q"][0]] = {pin: pins[pin][0] for pin in _TAKEN if pin in pins}
        elif kind.startswith("$"):
            raise CutError(f"a cell {kind} is neither gate nor flip-flop")
        else:
            _cut_instance(found, name, cell)
    return found


def _cut_instance(found: Cut, name: str, cell: Mapping[str, Any]) -> None:
    found.instances[name] = cell["type"], str(sorted(cell["parameters"].items()))
    for pin, bits in cell["connections"].items():
        for index, bit in enumerate(bits):
            if cell["port_directions"][pin] == "input":
                found.outputs[f"{name}.{pin}[{index}]"] = bit
            elif isinstance(bit, int):
                found.inputs[f"{name}.{pin}[{index}]"] = bit


@dataclass(frozen=True)
class Pair:
    """A block and its netlist, each with the same inputs and outputs.

    Attributes:
        gold, gate: BLIF.
        outputs: how many are compared.
        states: flip-flops that are compared; ``removed`` are those of the block that the netlist lacks.
    """

    gold: str
    gate: str
    outputs: int
    states: int
    removed: int


def pair(gold: Cut, gate: Cut) -> Pair:
    """Join what belongs together by name.

    A flip-flop that synthesis removed is a constant, or holds what another of the netlist holds, and it must take that
    again in each cycle; one that nothing of the netlist knows is free, and must change nothing.

    Raises:
        CutError: ports or instances differ, a flip-flop of the netlist has no counterpart, or one of the block is
            neither a constant nor held by another.
    """
    if gold.instances != gate.instances:
        raise CutError(f"instances differ: {sorted(gold.instances.keys() ^ gate.instances.keys()) or 'in parameters'}")
    wanted, given = set(gold.outputs), set(gate.outputs)
    if wanted != given:
        raise CutError(f"outputs differ: {', '.join(sorted(wanted ^ given)[:3])}")
    names: dict[int, list[str]] = {}
    for name, bit in gold.nets.items():
        if isinstance(bit, int) and bit in gold.states:
            names.setdefault(bit, []).append(name)
    inputs = {name: (gold.inputs.get(name), gate.inputs.get(name)) for name in gold.inputs.keys() | gate.inputs.keys()}
    outputs: dict[str, tuple[Bit, Bit]] = {name: (bit, gate.outputs[name]) for name, bit in gold.outputs.items()}
    held: dict[int, str] = {}
    merged: list[tuple[int, Bit]] = []
    removed = 0
    for net, taken in gold.states.items():
        state = f"state.{names.get(net, [f'${net}'])[0]}"
        known = next((gate.nets[name] for name in names.get(net, ()) if name in gate.nets), None)
        if isinstance(known, int) and known in gate.states and known not in held:
            held[known] = state
            inputs[state] = net, known
            for pin in taken.keys() | gate.states[known].keys():
                outputs[f"{state}.{pin}"] = taken.get(pin, "0"), gate.states[known].get(pin, "0")
            continue
        removed += 1
        if known is None or (isinstance(known, int) and not _drives(gate, known)):
            inputs[state] = net, None
        else:
            merged.append((net, known))
    if lone := gate.states.keys() - held.keys():
        name = next((name for name, bit in gate.nets.items() if bit in lone), "without a name")
        raise CutError(f"{len(lone)} flip-flops of the netlist have no counterpart, such as {name}")
    for net, known in merged:
        _join(gold, gate, net, known, outputs, held)
    alias = {net: _told(known, held) for net, known in merged}
    ordered = sorted(inputs)
    return Pair(
        _blif("gold", gold, {name: inputs[name][0] for name in ordered}, _side(outputs, 0), alias),
        _blif("gate", gate, {name: inputs[name][1] for name in ordered}, _side(outputs, 1), {}),
        len(outputs),
        len(held),
        removed,
    )


def _drives(cut: Cut, net: int) -> bool:
    """Whether anything drives a net."""
    return net in cut.gates or net in cut.states or net in cut.inputs.values()


def _told(known: Bit, held: Mapping[int, str]) -> str:
    """Input or constant that a removed flip-flop of the block follows."""
    return held[known] if isinstance(known, int) else str(known)


def _join(
    gold: Cut, gate: Cut, net: int, known: Bit, outputs: dict[str, tuple[Bit, Bit]], held: Mapping[int, str]
) -> None:
    """Require that a removed flip-flop takes what it is said to hold."""
    taken = gold.states[net]
    if isinstance(known, int):
        if known not in held:
            raise CutError(f"a flip-flop became gates: {next(n for n, bit in gold.nets.items() if bit == net)}")
        for pin in taken.keys() | gate.states[known].keys():
            outputs[f"merged.{net}.{pin}"] = taken.get(pin, "0"), gate.states[known].get(pin, "0")
    else:
        outputs[f"constant.{net}.D"] = taken["D"], known
        # What would set or reset it to the other value never does.
        outputs[f"constant.{net}.S"] = taken.get("R" if known == "1" else "S", "0"), "0"


def _side(outputs: Mapping[str, tuple[Bit, Bit]], side: int) -> dict[str, Bit]:
    return {name: outputs[name][side] for name in sorted(outputs)}


def _blif(
    model: str, cut: Cut, inputs: Mapping[str, int | None], outputs: Mapping[str, Bit], alias: Mapping[int, str]
) -> str:
    """A cut block as BLIF, its inputs and outputs by number in their order."""
    lines = [f".model {model}"]
    lines.append(".inputs " + " ".join(f"i{index}" for index in range(len(inputs))))
    lines.append(".outputs " + " ".join(f"o{index}" for index in range(len(outputs))))
    number = {name: f"i{index}" for index, name in enumerate(inputs)}
    for name, net in inputs.items():
        if net is not None:
            lines += [f".names {number[name]} n{net}", "1 1"]
    for net, told in alias.items():
        lines += [f".names n{net}", "1"] if told == "1" else [f".names n{net}"] if told in ("0", "x") else []
        lines += [f".names {number[told]} n{net}", "1 1"] if told in number else []
    lines += [".names zero", ".names one", "1"]
    known = {net for net in inputs.values() if net is not None} | alias.keys() | cut.gates.keys()
    for net, (kind, pins) in cut.gates.items():
        lines += [f".names {' '.join(_signal(pin, known) for pin in pins)} n{net}", _GATES[kind]]
    for index, bit in enumerate(outputs.values()):
        lines += [f".names {_signal(bit, known)} o{index}", "1 1"]
    return "\n".join([*lines, ".end", ""])


def _signal(bit: Bit, known: Iterable[int]) -> str:
    """A bit in BLIF; what nothing drives is 0, as synthesis has it."""
    return "one" if bit == "1" else f"n{bit}" if isinstance(bit, int) and bit in known else "zero"
