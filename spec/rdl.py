"""Compiles the register map of a design point. Only exporters need it; everybody else wants ``spec.registers``."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, cast

from systemrdl import RDLCompiler
from systemrdl.node import AddrmapNode, FieldNode, Node, RegNode

from spec.analog import AnalogDesign
from spec.design import DesignPoint
from spec.layout import Layer, layer_layout
from spec.memories import host_memories
from spec.registers import Field, Kind, Register
from spec.scan import chain_bits
from spec.section import Design

UPDATE_MODES = ("accumulate", "direct")
"""In the order of the register map's numbers."""
RDL_FILE = Path(__file__).with_name("registers.rdl")
ANALOG_RDL_FILE = Path(__file__).with_name("analog_registers.rdl")


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
    compiler = RDLCompiler()
    compiler.compile_file(str(RDL_FILE), incl_search_paths=[str(Path(__file__).parent)])
    if isinstance(design, AnalogDesign):
        # After the other, of which it uses the properties and the counters.
        compiler.compile_file(str(ANALOG_RDL_FILE))
        return compiler.elaborate("remora_analog", "remora", {**_analog_parameters(design)}).top
    return compiler.elaborate("remora", "remora", {**_parameters(cast(DesignPoint, design))}).top


def _analog_parameters(design: AnalogDesign) -> dict[str, int]:
    network, vote, identity = design.network, design.vote, int(design.hash, 16)
    return {
        "design_hash_low": identity & 0xFFFFFFFF,
        "design_hash_high": identity >> 32,
        "design_features": network.features,
        "design_width": network.width,
        "design_blocks": network.blocks,
        "design_classes": network.classes,
        "design_feature_bits": design.formats.feature_bits,
        "design_awake_cycles": design.frame_awake_cycles,
        "design_chain_bits": chain_bits(design),
        "design_frame_cycles": design.frame_cycles,
        "design_vote_frames": vote.frames,
        "design_sliding": int(vote.sliding),
        "design_wake_class": vote.wake_class,
        "design_last_class": max(1, network.classes - 1),
        "design_wake_votes": design.wake_votes,
    }


def _parameters(design: DesignPoint) -> dict[str, int | str]:
    network, identity = design.network, int(design.hash, 16)
    hidden, readout = (layer_layout(design, layer) for layer in Layer)
    memories = host_memories(design)
    return {
        "design_hash_low": identity & 0xFFFFFFFF,
        "design_hash_high": identity >> 32,
        "design_features": network.features,
        "design_hidden": network.hidden,
        "design_classes": network.classes,
        "design_max_steps": network.max_steps,
        "design_feature_signed": int(network.feature_signed),
        "design_learning": design.learning.enabled,
        "design_selects": design.selects,
        "design_replays": design.replays,
        "design_memories": bool(memories),
        "design_store_guard": "memory_word" if any(size.limits for size in memories.values()) else "",
        "design_update": UPDATE_MODES.index(design.learning.update),
        "design_seed": design.learning.seed,
        "design_winners": design.winners,
        "design_replay_ratio": design.learning.replay_ratio,
        "design_replay_capacity": design.learning.replay_capacity,
        "design_contexts": design.system.contexts,
        "design_cell_kind": int(design.bistable),
        "design_bistable": design.bistable,
        "design_lanes": network.hidden if design.bistable else design.cell.lanes,
        "design_hidden_row_tiles": hidden.row_tiles,
        "design_hidden_column_tiles": hidden.column_tiles,
        "design_readout_row_tiles": readout.row_tiles,
        "design_readout_column_tiles": readout.column_tiles,
        "design_reset_coefficient": design.cell.reset_coefficient,
        "design_update_coefficient": design.cell.update_coefficient,
    }


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
