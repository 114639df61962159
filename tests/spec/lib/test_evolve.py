"""Copies of a design point with other values: legal ones, and the errors of others."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given, settings

from remora.spec.bmru.design import BmruDesign
from remora.spec.crossbar.design import Cell, DesignPoint
from remora.spec.lib.errors import ConfigError
from remora.spec.presets import load_design
from tests.golden.designs import design_points

TINY, KWS = load_design("tiny", DesignPoint), load_design("kws", BmruDesign)


def test_fields_that_are_not_named_stay():
    learns = TINY.evolve(name="learns", learning={"enabled": True, "winners": 2}, crossbar={"rows": 9})
    assert (learns.name, learns.learning.winners, learns.crossbar.rows) == ("learns", 2, 9)
    back = learns.evolve(name="tiny", learning={"enabled": False, "winners": "all"}, crossbar={"rows": 6})
    assert back == TINY and (TINY.capabilities.learns, TINY.crossbar.rows) == (False, 6)
    assert learns.crossbar.columns == TINY.crossbar.columns
    assert type(KWS.evolve(vote={"sliding": True})) is BmruDesign


@settings(max_examples=50)
@given(design_points())
def test_no_change_is_an_equal_design_point(design):
    assert design.evolve() == design and design.evolve().hash == design.hash and hash(design.evolve()) == hash(design)


def test_the_identity_follows():
    other = TINY.evolve(learning={"seed": 2})
    assert other != TINY and other.hash != TINY.hash == other.evolve(learning={"seed": 1}).hash
    assert other.identity()["learning"]["seed"] == 2
    assert TINY.evolve(name="other").hash == TINY.hash and TINY.evolve(name="other") != TINY


def test_what_is_derived_follows():
    assert (TINY.hidden_rows, TINY.evolve(network={"features": 6}).hidden_rows) == (13, 14)
    assert TINY.evolve(cell={"kind": "bmru"}).hidden_rows == 6


def test_a_section_replaces_a_whole_section():
    assert TINY.evolve(cell=Cell(lanes=1)).cell == Cell(lanes=1)
    assert TINY.evolve(cell={"update_coefficient": 3}).cell.lanes == TINY.cell.lanes


@pytest.mark.parametrize(
    ("design", "changes", "message"),
    [
        (TINY, {"network": {"hidden": 0}}, "^design point 'tiny': network.hidden = 0: input should be greater than"),
        (TINY, {"network": {"hidden": "7"}}, "network.hidden = '7': input should be a valid integer"),
        (TINY, {"network": {"hiden": 5}}, "network.hiden is not a field; legal here: .*; did you mean 'hidden'?"),
        (TINY, {"network": {"winners": 5}}, "network.winners is not a field; .*; did you mean 'learning.winners'?"),
        (TINY, {"lerning": {"seed": 5}}, "lerning is not a field; legal here: name, .*; did you mean 'learning'?"),
        (TINY, {"learning": 3}, r"learning = 3: give a table \[learning\] with its fields"),
        (TINY, {"learning": {"update": "driect"}}, "learning.update = 'driect': .*; did you mean 'direct'?"),
        (TINY, {"network": {"hidden": 2}}, "cell.lanes is 3 but network.hidden is 2; .* use 1…2"),
        (TINY, {"learning": {"enabled": True}, "cell": {"kind": "bmru"}}, "learning.enabled asks for hardware"),
        (TINY, {"name": "no spaces"}, "name = 'no spaces'"),
        (KWS, {"vote": {"frames": 0}, "network": {"width": 0}}, "network.width = 0: .*; vote.frames = 0: "),
        (KWS, {"vote": {"wake_class": 2}}, "vote.wake_class is 2 but network.classes is 2: use 0…1"),
    ],
)
def test_an_illegal_change_is_refused_by_field(design, changes, message):
    with pytest.raises(ConfigError, match=message) as caught:
        design.evolve(**changes)
    assert "\n" not in str(caught.value)


def test_nothing_else_makes_a_design_point_of_another():
    """By hand a copy would go unvalidated, or its error would not name the field."""
    root, found, files = Path(__file__).parents[3], [], 0
    for path in [each for layer in ("spec", "golden", "hdl", "flow", "tb") for each in (root / layer).rglob("*.py")]:
        calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
        names = {node.func.attr for node in calls if isinstance(node.func, ast.Attribute)}
        files += 1
        if names & {"model_copy", "model_construct", "model_validate"}:
            found.append(path.stem)
    assert files > 200 and found == ["validation"]


def test_an_error_names_where_the_change_comes_from():
    with pytest.raises(ConfigError, match=r"^tiny with winners = 9: learning.winners is 9 .* use 1…7"):
        TINY.evolve(origin="tiny with winners = 9", learning={"winners": 9})
