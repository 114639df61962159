"""Roles of the fields: every field has one, and the document lists each where it belongs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import Field

from remora.spec.bmru.design import BmruDesign
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.roles import Role, differences, roles_of
from remora.spec.lib.section import Design, Section

CONTRACTS = Path(__file__).parents[3] / "docs" / "reference" / "contracts.md"


def test_the_document_lists_every_field_under_its_role():
    listed = {}
    for role in Role:
        (row,) = re.findall(rf"^\| {role} \| (.*?) \|", CONTRACTS.read_text(encoding="utf-8"), re.MULTILINE)
        listed |= dict.fromkeys(re.findall(r"`([a-z0-9_.]+)`", row), role)
    assert listed == roles_of(DesignPoint)


@pytest.mark.parametrize("kind", [DesignPoint, BmruDesign])
def test_every_field_has_one_role(kind):
    roles = roles_of(kind)
    leaves = [path for path, _ in _leaves(kind(name="x").model_dump())]
    assert list(roles) == leaves and len(leaves) > 30


def test_a_field_without_a_role_or_with_two_is_found():
    class Bare(Section):
        size: int = Field(1)

    class Twice(Design):
        part: Bare = Bare()
        other: Annotated[int, Role.FREE, Role.MEANING] = 3

    with pytest.raises(ValueError, match="part.size of Bare has 0 roles"):
        roles_of(Twice)
    with pytest.raises(ValueError, match="other of Once has 2 roles"):
        roles_of(type("Once", (Twice,), {"__annotations__": {"part": Annotated[int, Role.FREE]}, "part": 1}))


def test_differences_name_the_field_and_both_values():
    design = DesignPoint(name="here")
    stored = design.model_dump(mode="json") | {"name": "there", "colour": 3}
    stored["learning"]["winners"] = 4
    assert [str(each) for each in differences(stored, design)] == [
        "colour is 3 there, None here",
        "learning.winners is 4 there, all here",
        "name is there there, here here",
    ]
    assert [each.role for each in differences(stored, design)] == [Role.MEANING, Role.LEARNING, Role.FREE]
    assert not differences({"name": "here"}, design)


def _leaves(content, prefix=""):
    for name, value in content.items():
        yield from _leaves(value, f"{prefix}{name}.") if isinstance(value, dict) else [(prefix + name, value)]
