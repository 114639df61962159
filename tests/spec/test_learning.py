"""What learning agrees on: bounds of its quantities, and a switch that leaves designs without it as they were."""

from __future__ import annotations

from hypothesis import given, settings

from spec.design import DesignPoint, with_learning
from spec.learning import delta_bound, feedback_bound, gradient_bound
from tests.golden.designs import design_points

DEFAULT = DesignPoint(name="default")


def test_bounds_of_the_default_design():
    assert feedback_bound(DEFAULT) == 10 * 255
    assert delta_bound(DEFAULT) == (10 * 255 * 255 + 256) >> 9 == 1270
    assert gradient_bound(DEFAULT) == 28 * 255 * 1270


@settings(max_examples=50)
@given(design_points())
def test_the_switch_enters_the_hash_only_where_it_is_on(design):
    explicit = DesignPoint(**{**design.model_dump(), "learning": {**design.learning.model_dump(), "enabled": False}})
    assert explicit.hash == design.hash
    assert design.hash != with_learning(design).hash
    assert DesignPoint(**with_learning(design).model_dump()).hash == with_learning(design).hash
