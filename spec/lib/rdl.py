"""Compiles the register map of a design point. Only exporters need it; everybody else wants
``remora.spec.lib.registers``."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from systemrdl import RDLCompiler
from systemrdl.node import AddrmapNode, FieldNode, Node, RegNode

from remora.spec.lib.registers import WORD_BITS, WORD_MASK, Field, Kind, Register
from remora.spec.lib.section import Design

SHARED_FILE = Path(__file__).with_name("shared_registers.rdl")
"""What every register map uses: properties of fields, and the counter."""


def compile_registers(design: Design) -> tuple[Register, ...]:
    """All registers of a design point, by address.

    Raises:
        ValueError: a field is of a kind that the register block does not build.
    """
    nodes = compiled_rdl(design).descendants(in_post_order=False)
    registers = (_register(node) for node in nodes if isinstance(node, RegNode))
    return tuple(sorted(registers, key=lambda register: register.address))


@cache
def compiled_rdl(design: Design) -> AddrmapNode:
    """The elaborated SystemRDL of a design point."""
    source, compiler = design.register_source(), RDLCompiler()
    compiler.compile_file(str(SHARED_FILE))
    compiler.compile_file(str(source.file), incl_search_paths=[str(source.file.parent)])
    return compiler.elaborate(source.top, "remora", {**parameters_of(design)}).top


def parameters_of(design: Design) -> dict[str, int | str]:
    """What a design point sets in its address map: the two words of its hash, and the parameters of its source."""
    identity = int(design.hash, 16)
    hash_words = {"design_hash_low": identity & WORD_MASK, "design_hash_high": identity >> WORD_BITS}
    return {**hash_words, **design.register_source().parameters}


def _name(node: RegNode) -> str:
    top = node.owning_addrmap
    assert top is not None  # every register lies in the top one
    return node.get_rel_path(top, hier_separator="_")


def _property(node: Node, name: str, **default: Any) -> Any:
    """A property's value; systemrdl's own types list all that any property may hold."""
    return node.get_property(name, **default)


def _register(node: RegNode) -> Register:
    described = (node,) if node.parent is node.owning_addrmap else (node.parent, node)
    return Register(
        name=_name(node),
        address=node.absolute_address,
        fields=tuple(_field(field, node) for field in node.fields()),
        guard=_property(node, "guard", default=None),
        title=_property(node, "name"),
        description=" ".join(_property(each, "desc") for each in described),
    )


def _field(node: FieldNode, register: RegNode) -> Field:
    trigger, enable = (_property(node, name, default=None) for name in ("incr", "enable"))
    return Field(
        name=node.inst_name,
        register=_name(register),
        lsb=node.lsb,
        width=node.width,
        kind=_kind(node, register),
        reset=_property(node, "reset", default=None) or 0,
        minimum=_property(node, "minimum", default=0),
        maximum=_property(node, "maximum", default=(1 << node.width) - 1),
        advance=0 if trigger is None else _property(node, "incrvalue"),
        advanced_by=None if trigger is None else _name(trigger.node.parent),
        enabled_by=None if enable is None else f"{_name(enable.parent)}_{enable.inst_name}".lower(),
        guard=_property(node, "guard", default=None) or None,
        description=_property(node, "desc"),
    )


def _kind(node: FieldNode, register: RegNode) -> Kind:
    if register.external:
        return Kind.EXTERNAL
    if _property(node, "singlepulse"):
        return Kind.PULSE
    if _property(node, "intr"):
        return Kind.EVENT
    access = (_property(node, "sw").name, _property(node, "hw").name)
    kinds = {
        ("rw", "r"): Kind.CONFIGURATION,
        ("rw", "rw"): Kind.LOADED,
        ("r", "w"): Kind.STATUS,
        ("r", "na"): Kind.CONSTANT,
    }
    if access not in kinds:
        raise ValueError(f"{node.get_path()}: sw = {access[0]}, hw = {access[1]} is no kind of field that is built")
    return kinds[access]
