"""Identity of a design point: the hash of each is that of version 0.1."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import BaseModel

from remora.spec.bmru.design import BmruDesign
from remora.spec.crossbar.design import DesignPoint
from remora.spec.devices.section import Devices
from remora.spec.lib.identity import LABEL, OF_MIRU, OUTSIDE, UNLESS_DEFAULT, IdentityMark
from remora.spec.lib.section import Design
from remora.spec.presets import load_design, parse_design, preset_names

HASHES = {
    "kws": "0b7aef7d5a6fab79",
    "kws16": "37f9c3e227e28450",
    "mnist": "52ca2faa24a4ef3c",
    "mnist-bmru": "3a411e603d96c05b",
    "mnist256": "395e6a88cb8a9268",
    "one": "ede764a4d06139ac",
    "tiny": "df03f6601fab369d",
}
"""Of version 0.1."""
POINTS = json.loads(Path(__file__).with_name("identities.json").read_text(encoding="utf-8"))
"""Design points of both kinds over the legal ranges, and their hashes by version 0.1."""


def test_presets_keep_their_identity():
    """A field with a default, a mark or a new section must not make another design point of an old one."""
    assert {name: load_design(name, Design).hash for name in HASHES} == HASHES


def test_random_design_points_keep_their_identity():
    found = {point["hash"]: parse_design({"name": "any", **point["design"]}, "identities.json") for point in POINTS}
    assert [design.hash for design in found.values()] == list(found)
    crossbar = [design for design in found.values() if "learning" in type(design).model_fields]
    learning = [design.learning for design in crossbar]
    assert len(found) == len(POINTS) >= 30 and 5 <= len(crossbar) < len(POINTS)
    assert {each.enabled for each in learning} == {False, True} == {each.lanes == "all" for each in learning}
    assert {design.cell.kind for design in crossbar} == {"miru", "bmru"}


def marks_of(kind: type[BaseModel], prefix: str = "") -> dict[str, IdentityMark]:
    """Dotted path → mark, of the marked fields of a kind of design point."""
    found = {}
    for name, field in kind.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found |= marks_of(field.annotation, f"{prefix}{name}.")
        if marks := [mark for mark in field.metadata if isinstance(mark, IdentityMark)]:
            (found[prefix + name],) = marks
    return found


def test_the_marked_fields_are_those_of_the_contract():
    cell = dict.fromkeys(("cell.lanes", "cell.reset_coefficient", "cell.update_coefficient"), OF_MIRU)
    names = (
        "enabled",
        "lanes",
        "columns",
        "multipliers",
        "healing",
        "compensation",
        "verify_reads",
        "verify_feedback",
        "verify_give_up",
    )
    learning = dict.fromkeys((f"learning.{name}" for name in names), UNLESS_DEFAULT)
    names = (
        "sense_cycles",
        "integrators",
        "macro_rows",
        "macro_columns",
        "spare_columns",
        "self_test",
        "gain",
        "calibrate_offsets",
        "bias",
        "pair",
    )
    crossbar = dict.fromkeys((*(f"crossbar.{name}" for name in names), "network.readout"), UNLESS_DEFAULT)
    crossbar |= {f"crossbar.verify_{name}": UNLESS_DEFAULT for name in ("pulses", "reads", "tolerance")}
    system = dict.fromkeys(("system.small_memory_bits", "system.test_pin", "system.memory_test"), UNLESS_DEFAULT)
    parity = dict.fromkeys(("system.parity", "system.count_codes"), UNLESS_DEFAULT)
    devices = {f"devices.{name}": OUTSIDE for name in Devices.model_fields}
    assert marks_of(DesignPoint) == {"name": LABEL, **cell, **learning, **crossbar, **system, **parity, **devices}
    assert marks_of(BmruDesign) == {"name": LABEL, "core": IdentityMark(written="analog"), **system}


@pytest.mark.parametrize("name", preset_names())
def test_the_name_does_not_enter(name):
    design = load_design(name, Design)
    assert design.evolve(name="other").hash == design.hash and "name" not in design.identity()
